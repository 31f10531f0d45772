"""What is validated on is the same every time, and the middle of every clip."""

from collections import Counter

import pytest

from lift15.data import Augmentation, DataPlan, Layout, arrange, validation_loader
from lift15.data.layouts import Cutter
from lift15.data.split import everything
from lift15.data.validation import validation_windows
from vfiblocks import Window
from vfiblocks.errors import DataError, InputError


def targets(numbers, lengths, reading, **options) -> list[int]:
    windows = validation_windows(everything([numbers(lengths)]), reading, **options)
    return [window.cut.target for window in windows]


def test_the_middle_is_where_the_most_frames_exist(numbers):
    hole = Cutter(Layout(), Window.hole(15, 8)).fixed()
    # Seven frames have their middle; fifteen have one target with all frames; in thirty there is
    # a choice of 16, from 8 to 23; two are too short.
    assert targets(numbers, [7, 15, 17, 30, 2], hole) == [3, 8, 9, 16]
    even = Cutter(Layout(), Window.even(2, 2)).fixed()
    assert targets(numbers, [7, 9], even) == [3, 4]


def test_a_seven_frame_clip_serves_a_fifteen_frame_window(numbers):
    """DECISIONS 17 and 18: outer positions are missing, never repeated."""
    plan = DataPlan(augmentation=Augmentation.off(), held_out=0.0)
    source = numbers([7])
    data = arrange(plan, train=[source], validation=[source], window=Window.hole(15, 8))
    (batch,) = validation_loader(data, batch=4)
    assert batch.window == Window.hole(15, 8)
    assert batch.valid[0].tolist() == [False] * 5 + [True] * 6 + [False] * 3
    assert batch.frames[0, :, 0, 0, 0].tolist() == [0] * 5 + [0, 1, 2, 4, 5, 6] + [0] * 3
    assert batch.target[0, 0, 0, 0] == 3
    assert not batch.frames[~batch.valid].any()


def test_several_windows_of_a_clip_are_spread_over_it(numbers):
    reading = Cutter(Layout(), Window.hole(3, 1)).fixed()
    assert targets(numbers, [101], reading, per_clip=3) == [17, 50, 83]
    assert targets(numbers, [4], reading, per_clip=3) == [1, 2]


def test_a_scene_gives_no_more_than_it_may(numbers):
    reading = Cutter(Layout(), Window.hole(3, 1)).fixed()
    source = numbers([9] * 12, scenes=["long"] * 9 + ["short"] * 3)
    windows = validation_windows(everything([source]), reading, per_scene=3)
    assert Counter(window.scene for window in windows) == {"long": 3, "short": 3}
    assert [window.cut.clip for window in windows] == [1, 4, 7, 9, 10, 11]


def plan_of(**options) -> DataPlan:
    return DataPlan(augmentation=Augmentation.off(crop=(4, 6)), **options)


def test_every_window_is_seen_once_by_any_number_of_processes(numbers):
    source = numbers([9] * 13)
    data = arrange(plan_of(), train=[source], validation=[source], window=Window.even(1, 1))
    alone = [i for batch in validation_loader(data, batch=4) for i in batch.indices.tolist()]
    assert alone == list(range(13))
    for world in (2, 3, 5):
        shares = [
            [i for b in validation_loader(data, batch=4, rank=r, world=world) for i in b.indices]
            for r in range(world)
        ]
        assert sorted(int(i) for share in shares for i in share) == alone
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
    some = [b.indices.tolist() for b in validation_loader(data, batch=4, at_most=3)]
    assert some == [[2, 6, 10]]
    names = [name for batch in validation_loader(data, batch=4) for name in batch.names]
    assert names == [window.name for window in data.validation]
    assert names[0] == "numbers:/scene-0/000#4"


def test_nothing_about_validation_is_drawn(numbers, zooming):
    layout = Layout(kind="both", stride=2, missing=0.9, frames=(2,), backwards=1.0)
    plan = DataPlan(
        layout=layout, augmentation=Augmentation(crop=(24, 24)), validation_crop=(40, 50)
    )
    data = arrange(
        plan, train=[numbers([9])], validation=[zooming(length=9)], window=Window.hole(7, 3)
    )
    one, other = (list(validation_loader(data, batch=2)) for _ in range(2))
    assert one[0].frames.equal(other[0].frames)
    assert one[0].frames.shape == (1, 6, 3, 40, 50)
    assert one[0].window == Window.even(3, 3).shifted(3.0)  # of both, what videos are
    assert one[0].known.tolist() == [True]
    assert one[0].names == ("zooming:/only#5",)  # five of the frames at odd distances exist
    picture = zooming(length=9).read(0, [5])[0]
    assert one[0].target[0].equal(picture[:, 4:44, 7:57])


def test_the_layout_of_validation_can_be_chosen(numbers):
    for kind in ("hole", "even"):
        plan = plan_of(layout=Layout(kind="both"), validation_layout=kind)
        data = arrange(
            plan, train=[numbers([9])], validation=[numbers([9])], window=Window.hole(7, 3)
        )
        assert data.validation_reading.kind == kind


def test_pictures_of_two_sizes_want_a_crop(numbers):
    source = numbers([9, 9], tall=["scene-1/001"])
    data = arrange(
        DataPlan(augmentation=Augmentation.off()),
        train=[source],
        validation=[source],
        window=Window.even(1, 1),
    )
    with pytest.raises(DataError) as raised:
        list(validation_loader(data, batch=2))
    assert str(raised.value) == (
        "pictures of one batch are of one size, but numbers:/scene-0/000#4 is 8x12 (height x "
        "width) and numbers:/scene-1/001#4 is 9x12; set a crop"
    )
    assert sum(len(batch) for batch in validation_loader(data, batch=1)) == 2


def test_validation_leaves_out_what_cannot_be_read(numbers):
    source = numbers([9] * 5, bad=["scene-1/001", "scene-4/004"])
    strict = arrange(plan_of(), train=[source], validation=[source], window=Window.even(1, 1))
    with pytest.raises(DataError, match="scene-1/001: frame 3 cannot be read"):
        list(validation_loader(strict, batch=2))
    plan = plan_of(skip_bad=True)
    data = arrange(plan, train=[source], validation=[source], window=Window.even(1, 1))
    loader = validation_loader(data, batch=2)
    assert [batch.indices.tolist() for batch in loader] == [[0], [2, 3]]
    assert sorted(problem.item for problem in loader.problems) == [
        "numbers:/scene-1/001#4",
        "numbers:/scene-4/004#4",
    ]


def test_clips_too_short_to_validate_on_are_one_clear_line(numbers):
    with pytest.raises(DataError, match="2 clips are kept, the longest has 2 frames; layout even"):
        arrange(
            plan_of(), train=[numbers([9])], validation=[numbers([2, 1])], window=Window.even(1, 1)
        )


def test_official_test_sets_are_refused(numbers):
    for sides in ({"train": [1], "validation": [0]}, {"train": [0], "validation": [1]}):
        made = {
            side: [numbers([9], name=f"set:{held}", held_out=bool(held)) for held in flags]
            for side, flags in sides.items()
        }
        with pytest.raises(DataError, match="set:1 is an official test set"):
            arrange(plan_of(), window=Window.even(1, 1), **made)


def test_without_validation_there_is_none(numbers):
    data = arrange(plan_of(held_out=0.0), train=[numbers([9])], window=Window.even(1, 1))
    loader = validation_loader(data, batch=4)
    assert len(loader) == 0
    assert list(loader) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "batch is a whole number from 1 up, got 0"),
        ({"batch": 2, "at_most": -1}, "at_most is a whole number from 0 up"),
        ({"batch": 2, "rank": 2, "world": 2}, "ranks of 2 processes are 0 to 1, got 2"),
        ({"batch": 2, "workers": -1}, "workers is a whole number from 0 up"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, options, message):
    data = arrange(plan_of(held_out=0.0), train=[numbers([9])], window=Window.even(1, 1))
    with pytest.raises(InputError, match=message):
        validation_loader(data, **options)
