"""The source: any clip on its own, what options change, and what is refused."""

import pickle
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lift15.data.generated import RECIPES, Generated, photographs
from lift15.data.generated.contact_sheet import draw_contact_sheet
from lift15.data.generated.photographs import PHOTOGRAPHS, Photographs
from lift15.data.sources.base import SOURCES
from vfiblocks.errors import DataError, InputError, MissingDependency

SMALL = {"height": 40, "width": 56}


def test_the_kind_is_registered():
    assert SOURCES.get("generated") is Generated


def test_clips_have_names_scenes_and_lengths():
    source = Generated(clips=50, frames=9, **SMALL)
    names = [clip.name for clip in source.clips]
    assert len(set(names)) == len({clip.scene for clip in source.clips}) == 50
    assert {clip.length for clip in source.clips} == {9}
    assert all(
        re.fullmatch(rf"({'|'.join(RECIPES)})/{i:06d}", name) for i, name in enumerate(names)
    )
    assert len({name.partition("/")[0] for name in names}) > 4


def test_frames_are_bytes_in_the_order_asked_for():
    source = Generated(clips=3, **SMALL)
    frames = source.read(1, [5, 0, 5])
    assert frames.shape == (3, 3, 40, 56)
    assert frames.dtype == torch.uint8
    assert frames.is_contiguous()
    assert torch.equal(frames[0], frames[2])
    assert not torch.equal(frames[0], frames[1])
    assert torch.equal(source.read(1, [0])[0], frames[1])


@pytest.mark.parametrize("subset", sorted(RECIPES))
def test_a_clip_depends_on_seed_and_number_alone(subset):
    options = {**SMALL, "subset": subset}
    source = Generated(clips=4, **options)
    for _ in range(2):  # whatever was read before
        source.read(2, [0])
    fresh = pickle.loads(pickle.dumps(Generated(clips=9, **options)))
    assert torch.equal(source.read(3, [4, 8]), fresh.read(3, [4, 8]))
    for one, other in zip(source.motion(3, 8, (7, 9)), fresh.motion(3, 8, (7, 9)), strict=True):
        assert torch.equal(one, other)
    for other in (Generated(clips=4, seed=1, **options), Generated(clips=5, **options)):
        clip = 3 if other.seed else 4
        assert not torch.equal(source.read(3, [4]), other.read(clip, [4]))


def test_a_pickled_source_is_small_and_says_the_same():
    source = Generated(clips=3, **SMALL)
    before = source.read(0, [3])
    state = pickle.dumps(source)
    assert len(state) < 5_000
    assert torch.equal(pickle.loads(state).read(0, [3]), before)


def test_mixtures_decide_how_often_and_not_what():
    mixed = Generated(clips=40, **SMALL)
    index = next(i for i, c in enumerate(mixed.clips) if c.name.startswith("occlusion"))
    alone = Generated(clips=40, subset="occlusion", **SMALL)
    assert mixed.clips[index] == alone.clips[index]
    assert torch.equal(mixed.read(index, [8]), alone.read(index, [8]))
    assert Generated(clips=70, **SMALL).clips[:40] == mixed.clips
    two = Generated(clips=300, weights={"plain": 1, "blur": 3, "mixed": 0}, **SMALL)
    kinds = [clip.name.partition("/")[0] for clip in two.clips]
    assert set(kinds) == {"plain", "blur"}
    assert 0.65 < kinds.count("blur") / 300 < 0.85


def test_validation_has_other_photographs_and_other_clips():
    assert not set(PHOTOGRAPHS["train"]) & set(PHOTOGRAPHS["validation"])
    train, kept = (Generated(clips=5, split=split, **SMALL) for split in PHOTOGRAPHS)
    assert train.name != kept.name
    assert not {c.scene for c in train.clips} & {c.scene for c in kept.clips}
    for split in PHOTOGRAPHS:
        pictures = Photographs(split)
        assert all(
            pictures[i].ndim == 3 and pictures[i].shape[2] == 3 for i in range(len(pictures))
        )
    assert not torch.equal(train.read(0, [8]), kept.read(0, [8]))
    assert not torch.equal(train.motion(0, 8, (7, 9)).flow, kept.motion(0, 8, (7, 9)).flow)


def test_any_time_can_be_rendered():
    source = Generated(clips=2, subset="nonlinear", **SMALL)
    whole = source.render(0, [7.0, 7.5, 8.0])
    assert torch.equal(whole[[0, 2]], source.read(0, [7, 8]))
    assert not torch.equal(whole[1], whole[0])
    half = source.motion(0, 7.5, (7.0, 8.0)).flow
    assert torch.isfinite(half).all()


def test_tags_say_what_a_clip_has():
    source = Generated(clips=60, subset="mixed", **SMALL)
    seen = {tag for clip in range(60) for tag in source.tags(clip)}
    assert seen == {"mixed", "lighting", "blur", "grain"}
    for clip in range(12):
        scene, tags = source.scene(clip), source.tags(clip)
        assert tags[0] == "mixed"
        assert bool(scene.lights) == ("lighting" in tags)
        assert (scene.shutter > 0) == ("blur" in tags)
        assert (scene.grain is not None) == ("grain" in tags)
    assert Generated(clips=1, subset="blur", **SMALL).tags(0) == ("blur",)
    assert Generated(clips=1, subset="plain", shutter=0.5, **SMALL).tags(0)[-1] == "blur"


@pytest.mark.parametrize("subset", sorted(RECIPES))
@pytest.mark.parametrize("max_motion", [1.0, 8.0])
def test_nothing_moves_farther_than_allowed(subset, max_motion):
    source = Generated(clips=12, subset=subset, max_motion=max_motion, height=48, width=64)
    steps = []
    for clip in range(12):
        for at in (2, 8):
            flow, _ = source.motion(clip, at, (at - 1, at + 1))
            steps.append(float(torch.linalg.vector_norm(flow, dim=1).max()))
    assert max(steps) <= max_motion * 1.02
    assert max(steps) > 0.4 * max_motion or max_motion == 1.0
    assert np.median(steps) < 0.9 * max_motion


def test_no_motion_at_all_can_be_asked_for():
    source = Generated(clips=3, max_motion=0.0, subset="nonlinear", **SMALL)
    flow, visible = source.motion(0, 8, (7, 9))
    assert flow.abs().max() < 1e-6
    assert visible.all()
    assert torch.equal(source.read(0, [0]), source.read(0, [16]))


def accelerations(subset):
    """Departures from straight motion, mean per clip, in pixels."""
    source = Generated(clips=10, subset=subset, height=64, width=64)
    return [float(source.motion(i, 8, (7, 9)).flow.sum(dim=0).abs().mean()) for i in range(10)]


def hidden(subset):
    """Share of pixels hidden in a neighbour."""
    source = Generated(clips=20, subset=subset, height=64, width=64)
    return np.mean(
        [float((~source.motion(i, 8, (7, 9)).visible).float().mean()) for i in range(20)]
    )


def test_subsets_are_what_they_are_called():
    assert np.mean(accelerations("plain")) < 0.1 * np.mean(accelerations("nonlinear"))
    assert hidden("occlusion") > 1.2 * hidden("plain")
    assert all(Generated(clips=5, subset="lighting", **SMALL).scene(i).lights for i in range(5))
    whole = Generated(clips=40, subset="plain", **SMALL)
    clip = next(i for i in range(40) if "whole" in whole.tags(i))
    flow = whole.motion(clip, 8, (7, 9)).flow
    assert (flow - flow.round()).abs().max() < 1e-5


def test_the_hash_is_of_everything_that_decides_what_is_drawn():
    options = [
        {},
        {"seed": 1},
        {"split": "validation"},
        {"subset": "plain"},
        {"max_motion": 3.0},
        {"clips": 4},
        {"frames": 9},
        {"grain": 1.0},
        {"shutter": 0.5},
        {"jpeg_quality": 80},
        {"height": 41},
    ]
    hashes = [Generated(**{"clips": 3, **SMALL, **changed}).data_hash() for changed in options]
    assert len(set(hashes)) == len(options)
    assert hashes[0] == Generated(clips=3, **SMALL).data_hash()


def test_a_frame_that_is_not_there_is_refused():
    source = Generated(clips=2, frames=7, **SMALL)
    with pytest.raises(DataError, match=r"clip .*/000001: there is no frame 7, only 0 to 6"):
        source.read(1, [3, 7])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"root": "somewhere"}, "read from nowhere; leave out 'somewhere'"),
        ({"clips": 0}, "whole number clips of at least 1, got 0"),
        ({"frames": 1}, "frames of at least 2, got 1"),
        ({"height": 8}, "height of at least 16, got 8"),
        ({"width": 64.0}, "width of at least 16, got 64.0"),
        ({"seed": -1}, "seed of at least 0, got -1"),
        ({"split": "test"}, "'train' or 'validation', got split='test'"),
        ({"subset": "rain"}, "no subset 'rain' of generated clips; there are plain, nonlinear"),
        ({"weights": {"rain": 1}}, "no subset 'rain'"),
        ({"weights": {"plain": -1}}, "'plain' wants a weight of 0 or more, got -1"),
        ({"weights": {"plain": 0}}, "at least one subset must have a weight above 0"),
        ({"subset": "plain", "weights": {"plain": 1}}, "a subset or weights of subsets, not both"),
        ({"max_motion": -1.0}, "from 0 up, got -1.0"),
        ({"max_motion": "far"}, "max_motion .* got 'far'"),
        ({"shutter": 2.0}, "0 to 1, got 2.0"),
        ({"grain": -1.0}, "got -1.0"),
        ({"jpeg_quality": 0}, "jpeg_quality is a whole number from 1 to 100, got 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Generated(**options)


def test_missing_photographs_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(photographs, "_folder", lambda: tmp_path)
    pictures = Photographs("train")
    with pytest.raises(DataError, match=r"brick\.png cannot be read .*scikit-image 0\.24"):
        pictures[0]
    (tmp_path / "brick.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"brick\.png is no picture"):
        pictures[0]


def test_without_scikit_image_the_pip_line_is_given(monkeypatch):
    monkeypatch.setattr(photographs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[train\]'"):
        Generated(clips=1)


@given(seed=st.integers(0, 2**40), height=st.integers(16, 40), width=st.integers(16, 40))
@settings(max_examples=25)
def test_any_size_and_seed_works(seed, height, width):
    source = Generated(clips=2, frames=3, height=height, width=width, seed=seed)
    assert source.read(1, [0, 2]).shape == (2, 3, height, width)
    flow, visible = source.motion(1, 1, (0, 2))
    assert flow.shape == (2, 2, height, width)
    assert flow.dtype == torch.float32
    assert torch.isfinite(flow).all()
    assert visible.shape == (2, 1, height, width)


def test_a_contact_sheet_has_a_row_per_clip():
    source = Generated(clips=2, **SMALL)
    one, two = (draw_contact_sheet(source, range(n), height=40).shape for n in (1, 2))
    assert one[2] == two[2]
    assert two[1] > 1.8 * one[1]


def test_frames_change_by_little_where_motion_is_small():
    """No shimmer: half a pixel of motion never changes a frame as a whole by much."""
    source = Generated(clips=12, subset="repetition", max_motion=0.5, height=64, width=64)
    for clip in range(12):
        frames = source.read(clip, range(4, 12)).float().mean(dim=(2, 3))
        assert all((b - a).abs().max() < 1.0 for a, b in pairwise(frames))
