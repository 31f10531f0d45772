"""A scene is on one side, and its name alone says on which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.split import everything, scene_place, split_by_scene
from vfiblocks.errors import DataError, InputError

SCENES = st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=12, unique=True)


def scenes_of(side) -> set[str]:
    return {clip.scene for part in side for _, clip in part.items()}


@given(scenes=SCENES, share=st.floats(0.01, 0.6), order=st.randoms())
def test_the_split_does_not_depend_on_the_order(numbers, scenes, share, order):
    clips = [scene for scene in scenes for _ in range(2)]  # two clips of every scene
    shuffled = order.sample(clips, len(clips))
    try:
        learnt, kept = split_by_scene([numbers([5] * len(clips), scenes=clips)], held_out=share)
    except DataError:
        assert all(scene_place(scene) < share for scene in scenes)
        return
    again = split_by_scene([numbers([5] * len(clips), scenes=shuffled)], held_out=share)
    assert (scenes_of(learnt), scenes_of(kept)) == tuple(map(scenes_of, again))
    assert scenes_of(kept)
    assert scenes_of(learnt) | scenes_of(kept) == set(scenes)
    assert not scenes_of(learnt) & scenes_of(kept)
    assert len(learnt[0]) + len(kept[0]) == len(clips)


def test_more_data_moves_no_scene():
    few = {f"{i:05d}" for i in range(200)}
    many = {f"{i:05d}" for i in range(2000)}
    kept = {scene for scene in many if scene_place(scene) < 0.1}
    assert {scene for scene in few if scene_place(scene) < 0.1} == kept & few
    assert len(kept) == pytest.approx(200, abs=40)


def test_places_are_the_same_on_every_machine():
    digits = "8566ee8cc961"  # printf 00001 | sha256sum | cut -c 1-12
    assert scene_place("00001") == int(digits, 16) / 2**48


def test_a_scene_of_two_sources_is_on_one_side(numbers):
    names = [f"{i:03d}" for i in range(30)]
    sources = [numbers([5] * 30, scenes=names), numbers([5] * 30, scenes=names[::-1])]
    learnt, kept = split_by_scene(sources, held_out=0.3)
    assert len(learnt[0]) == len(learnt[1])
    assert not scenes_of(learnt) & scenes_of(kept)


def test_small_shares_keep_a_scene_all_the_same(numbers):
    _, kept = split_by_scene([numbers([5] * 3)], held_out=1e-9)
    places = {f"scene-{i}": scene_place(f"scene-{i}") for i in range(3)}
    assert scenes_of(kept) == {min(places, key=places.get)}


def test_nothing_is_kept_when_nothing_is_asked_for(numbers):
    source = numbers([5] * 3)
    learnt, kept = split_by_scene([source], held_out=0.0)
    assert learnt == everything([source])
    assert not any(kept)


@pytest.mark.parametrize(("scenes", "told"), [(1, "there is one scene"), (2, "there are 2 scenes")])
def test_one_side_may_not_be_empty(numbers, scenes, told):
    with pytest.raises(DataError, match=f"leaves nothing to learn from: {told}"):
        split_by_scene([numbers([5] * scenes)], held_out=1.0)
    with pytest.raises(InputError, match="held_out is a probability"):
        split_by_scene([numbers([5] * scenes)], held_out=1.1)
