"""The same batches for any number of workers and processes, and from wherever a run goes on."""

import dataclasses
from collections import Counter

import cv2
import numpy as np
import pytest
import torch

from lift15.data import (
    Augmentation,
    Channels,
    Data,
    DataPlan,
    Jitter,
    Layout,
    arrange,
    open_data,
    train_loader,
    validation_loader,
)
from lift15.data.batch import Batch
from vfiblocks import Window
from vfiblocks.errors import DataError, InputError, UnknownComponent
from vfiblocks.ops import backward_warp

LAYOUT = Layout(
    kind="both", stride=2, frames=(2, 4, 14), missing=0.3, even_share=0.5, backwards=0.5
)
VARIED = DataPlan(
    layout=LAYOUT,
    augmentation=Augmentation(crop=(20, 20), jitter=Jitter(0.5), channels=Channels(0.5, 0.5)),
    held_out=0.0,
)


@pytest.fixture
def varied(numbers, zooming) -> Data:
    sources = [numbers([12, 20, 9], size=(24, 28)), zooming(length=11, size=(24, 28))]
    return arrange(VARIED, train=sources, window=Window.hole(15, 8))


def same(one: Batch, other: Batch) -> bool:
    for field in dataclasses.fields(Batch):
        value, there = getattr(one, field.name), getattr(other, field.name)
        if isinstance(value, torch.Tensor):
            if not (isinstance(there, torch.Tensor) and value.equal(there)):
                return False
        elif value != there:
            return False
    return True


def test_workers_make_no_difference(varied):
    alone = list(train_loader(varied, batch=3, seed=5, total=8))
    assert len(alone) == 8
    for workers in (1, 2):
        loader = train_loader(varied, batch=3, seed=5, total=8, workers=workers)
        assert all(map(same, alone, loader))
        assert len(loader) == 8


def test_a_resumed_run_sees_what_an_uninterrupted_one_sees(varied):
    whole = list(train_loader(varied, batch=4, seed=5, total=12))
    for start in (1, 7, 12):
        rest = list(train_loader(varied, batch=4, seed=5, start=start, total=12))
        assert len(rest) == 12 - start
        assert all(map(same, whole[start:], rest))


@pytest.mark.parametrize("world", [2, 3])
def test_processes_take_turns_in_the_same_batch(varied, world):
    whole = list(train_loader(varied, batch=6, seed=5, total=5))
    shares = [
        list(train_loader(varied, batch=6, seed=5, total=5, rank=rank, world=world))
        for rank in range(world)
    ]
    for number, batch in enumerate(whole):
        for rank in range(world):
            part = shares[rank][number]
            assert part.window == batch.window
            assert part.frames.equal(batch.frames[rank::world])
            assert part.target.equal(batch.target[rank::world])
            assert part.valid.equal(batch.valid[rank::world])
            assert part.names == batch.names[rank::world]
            assert part.indices.equal(batch.indices[rank::world])


def test_seeds_differ(varied):
    one, other = (next(iter(train_loader(varied, batch=4, seed=s, total=1))) for s in (1, 2))
    assert not same(one, other)


def test_every_epoch_sees_every_target_once(numbers):
    plan = DataPlan(layout=Layout(), augmentation=Augmentation.off(), held_out=0.0)
    data = arrange(plan, train=[numbers([7, 12])], window=Window.hole(15, 8))
    assert data.samples_per_epoch == 15
    batches = train_loader(data, batch=5, seed=3, total=6)
    names = [name for batch in batches for name in batch.names]
    first, second = Counter(names[:15]), Counter(names[15:])
    assert first == second
    assert set(first.values()) == {1}
    assert names[:15] != names[15:]
    assert set(first) == {f"numbers:/scene-0/000#{i}" for i in range(1, 6)} | {
        f"numbers:/scene-1/001#{i}" for i in range(1, 11)
    }


def test_the_batches_show_what_was_asked_for(varied):
    """Frames are where the window says: the numbers are in the pictures."""
    data = dataclasses.replace(
        varied, plan=dataclasses.replace(VARIED, augmentation=Augmentation.off(crop=(8, 8)))
    )
    seen = Counter()
    for batch in train_loader(data, batch=4, seed=9, total=60):
        assert batch.valid[:, list(batch.window.references)].all()
        assert not batch.frames[~batch.valid].any()
        for row, name in enumerate(batch.names):
            if not name.startswith("numbers:"):
                assert batch.known[row]
                continue
            assert batch.known is None or not batch.known[row]
            told = batch.frames[row, :, 0, 0, 0].float() - float(batch.target[row, 0, 0, 0])
            told = told[batch.valid[row]]
            wanted = torch.tensor(batch.window.positions)[batch.valid[row]] - batch.window.target
            factor = told[0] / wanted[0]
            torch.testing.assert_close(told, factor * wanted)
            seen[float(factor)] += 1
    assert set(seen) == {1.0, -1.0, 2.0, -2.0}
    assert min(seen.values()) > 20


def test_whole_windows_miss_nothing(numbers):
    layout = Layout(stride=2, whole=True)
    plan = DataPlan(layout=layout, augmentation=Augmentation.off(), held_out=0.0)
    data = arrange(plan, train=[numbers([33, 40, 7])], window=Window.hole(15, 8))
    assert data.samples_per_epoch == 1 + 8
    assert all(batch.valid.all() for batch in train_loader(data, batch=3, seed=0, total=12))
    assert [str(p) for p in data.problems] == [
        "numbers:: 1 of 3 clips are left out: layout hole of 14 frames and a stride of up to 2, "
        "all of them in the clip, needs 33 frames, the shortest, 'scene-2/002', has 7"
    ]


def test_motion_is_read_only_where_it_is_wanted(varied):
    data = dataclasses.replace(varied, plan=dataclasses.replace(VARIED, motion=False))
    wanted = list(train_loader(varied, batch=8, seed=5, total=3))
    assert any(batch.known is not None and batch.known.any() for batch in wanted)
    assert all(batch.flow is None for batch in train_loader(data, batch=8, seed=5, total=3))


def test_torch_s_own_chance_is_left_alone(varied):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    list(train_loader(varied, batch=4, seed=5, total=2))
    list(train_loader(varied, batch=4, seed=5, total=2, workers=1))
    assert torch.get_rng_state().equal(before)


def bad(numbers, *, skip_bad, names=("scene-1/001",)) -> Data:
    plan = DataPlan(augmentation=Augmentation.off(), held_out=0.0, skip_bad=skip_bad)
    return arrange(plan, train=[numbers([9] * 4, bad=names)], window=Window.even(1, 1))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_cannot_be_read_is_one_clear_line(numbers, workers):
    loader = train_loader(bad(numbers, skip_bad=False), batch=4, seed=0, total=9, workers=workers)
    with pytest.raises(DataError, match=r"^scene-1/001: frame \d cannot be read$"):
        list(loader)


def test_what_cannot_be_read_is_replaced_and_counted(numbers):
    data = bad(numbers, skip_bad=True)
    loaders = [train_loader(data, batch=4, seed=0, total=14, workers=workers) for workers in (0, 1)]
    one, other = (list(loader) for loader in loaders)
    assert all(map(same, one, other))
    assert not any("scene-1" in name for batch in one for name in batch.names)
    problems = [problem for batch in one for problem in batch.problems]
    assert len(problems) >= 14  # 56 samples are two passes over 28, of which 7 are bad
    assert {problem.item for problem in problems} == {"numbers:/scene-1/001"}
    assert loaders[0].problems == loaders[1].problems == Counter(problems)
    good = [
        name
        for batch in train_loader(bad(numbers, skip_bad=True, names=()), batch=4, seed=0, total=14)
        for name in batch.names
    ]
    kept = [name for batch in one for name in batch.names]
    assert [a for a, b in zip(good, kept, strict=True) if a != b] == [
        name for name in good if "scene-1" in name
    ]


def test_where_all_is_bad_the_run_ends(numbers):
    names = [f"scene-{i}/{i:03d}" for i in range(4)]
    loader = train_loader(bad(numbers, skip_bad=True, names=names), batch=4, seed=0, total=1)
    with pytest.raises(DataError, match="11 samples in a row could not be read, the last one"):
        list(loader)


def test_a_crop_too_large_names_the_clip(numbers):
    plan = DataPlan(augmentation=Augmentation(crop=(64, 64)), held_out=0.0)
    data = arrange(plan, train=[numbers([3])], window=Window.even(1, 1))
    with pytest.raises(DataError, match="clip 'scene-0/000' of numbers: is 8x12"):
        list(train_loader(data, batch=1, seed=0, total=1))


def test_a_worker_that_dies_is_a_clear_line(numbers):
    plan = DataPlan(augmentation=Augmentation.off(), held_out=0.0)
    data = arrange(plan, train=[numbers([9] * 2, deadly=["scene-1/001"])], window=Window.even(1, 1))
    with pytest.raises(DataError, match=r"a process that loads data died .* fewer than 1 workers"):
        list(train_loader(data, batch=4, seed=0, total=4, workers=1))


def test_workers_stay_for_the_next_validation(numbers):
    source = numbers([9] * 5)
    plan = DataPlan(augmentation=Augmentation.off())
    data = arrange(plan, train=[source], validation=[source], window=Window.even(1, 1))
    loader = validation_loader(data, batch=2, workers=1)
    one, other = list(loader), list(loader)
    assert len(one) == len(other) == len(loader) == 3
    assert all(map(same, one, other))


def test_a_source_has_to_give_what_was_asked_for(numbers):
    class Floats(numbers):
        def read(self, clip, frames):
            return super().read(clip, frames) / 255

    class Flows(numbers):
        def motion(self, clip, target, references):
            return torch.zeros(2, 2, 4, 4), torch.ones(2, 1, 4, 4, dtype=torch.bool)

    plan = DataPlan(augmentation=Augmentation.off(), held_out=0.0)
    for source, message in (
        (Floats, r"numbers: returns torch.float32 \(3, 3, 8, 12\) for 3 frames"),
        (Flows, r"returns motion torch.float32 \(2, 2, 4, 4\)"),
    ):
        data = arrange(plan, train=[source([9])], window=Window.even(1, 1))
        with pytest.raises(DataError, match=message):
            list(train_loader(data, batch=1, seed=0, total=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 5, "world": 2}, "batch of 5 cannot be dealt out to 2 processes evenly"),
        ({"batch": 0}, "batch of 0 cannot be dealt out"),
        ({"start": -1}, "start is a whole number from 0 up"),
        ({"start": 5}, "total is a whole number from 5 up, got 4"),
        ({"seed": -1}, "a seed is a whole number from 0 up"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(varied, options, message):
    with pytest.raises(InputError, match=message):
        train_loader(varied, **{"batch": 4, "seed": 0, "total": 4, **options})


def test_weights_mix_the_sources(numbers):
    plan = DataPlan(
        train=("one", "two"), weights=(3.0, 1.0), augmentation=Augmentation.off(), held_out=0.0
    )
    sources = [numbers([9], name="one:"), numbers([300], name="two:", scenes=["other"])]
    data = arrange(plan, train=sources, window=Window.even(1, 1))
    batches = train_loader(data, batch=8, seed=0, total=10)
    assert Counter(name[:4] for batch in batches for name in batch.names) == {
        "one:": 60,
        "two:": 20,
    }


def test_plans_are_checked():
    with pytest.raises(InputError, match="every source of train has its weight, got 1 for 2"):
        DataPlan(train=("a", "b"), weights=(1.0,))
    with pytest.raises(InputError, match="train is a list of sources, got 'videos:clips'"):
        DataPlan(train="videos:clips")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="held_out is a probability"):
        DataPlan(held_out=5)
    with pytest.raises(InputError, match="validation_layout is one of own, hole, even"):
        DataPlan(validation_layout="both")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="give train at least one source"):
        open_data(DataPlan(), window=Window.even(1, 1))


def test_sources_are_opened_by_their_text():
    with pytest.raises(UnknownComponent, match="no-such-kind"):
        open_data(DataPlan(train=("no-such-kind:here",)), window=Window.even(1, 1))


def test_folders_of_pictures_become_batches(tmp_path):
    """The whole way, from texts and files."""
    for clip in range(6):
        folder = tmp_path / f"{clip:02d}"
        folder.mkdir()
        for number in range(4 if clip else 2):
            picture = np.full((40, 48, 3), 10 * clip + number, np.uint8)
            cv2.imwrite(str(folder / f"{number:03d}.png"), picture)
    plan = DataPlan(
        train=(f"frames:{tmp_path}",),
        held_out=0.3,
        augmentation=Augmentation(crop=(32, 32)),
        skip_bad=True,
    )
    data = open_data(plan, window=Window.hole(7, 3))
    clips = {each.cut.source.clips[each.cut.clip].name for each in data.validation}
    assert data.samples_per_epoch == 2 * (5 - len(clips))
    assert [str(problem)[:3] for problem in data.problems] == ["00:"]  # the short one
    batches = [*train_loader(data, batch=2, seed=0, total=4, workers=1)]
    for batch in [*batches, *validation_loader(data, batch=2)]:
        assert batch.frames.shape[1:] == (6, 3, 32, 32)
        levels = batch.frames[:, :, 0, 0, 0][batch.valid] % 10
        assert set(levels.tolist()) <= {0, 1, 2, 3}
    assert all(clip not in name for clip in clips for b in batches for name in b.names)


def test_generated_clips_bring_their_motion():
    plan = DataPlan(
        train=("generated?clips=6&frames=9&height=48&width=64&subset=plain",),
        validation=("generated?clips=2&frames=9&height=48&width=64&split=validation",),
        augmentation=Augmentation(crop=(40, 40)),
    )
    data = open_data(plan, window=Window.even(2, 2))
    assert data.notes == ()
    warped_off, off = [], []
    for batch in train_loader(data, batch=3, seed=0, total=8):
        assert batch.known.all()
        references = batch.inputs()[:, list(batch.window.references)]
        warped = backward_warp(references, batch.flow)
        target = batch.truth().image[:, None]
        for picture, kept in ((warped, warped_off), (references, off)):
            error = (picture - target).abs().mean(dim=2, keepdim=True)
            kept.append(error[batch.visible].mean())
    assert torch.stack(warped_off).mean() < 0.3 * torch.stack(off).mean()
    assert len(data.validation) == 2


def test_clips_on_both_sides_are_told(numbers):
    source = numbers([9] * 3)
    plan = DataPlan(augmentation=Augmentation.off())
    data = arrange(plan, train=[source], validation=[source], window=Window.even(1, 1))
    assert data.notes == (
        "numbers:: 3 of 3 clips that are validated on are learnt from as well; their scores say "
        "nothing about new ones",
    )
