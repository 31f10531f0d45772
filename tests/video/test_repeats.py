"""Repeated frames: found under compression noise, left out only where that helps."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.video import Frame, Gap, RepeatFilter, open_source
from vfiblocks.video.timeline import EqualParts
from vfiblocks.video.upsample import upsample
from vfiblocks.window import Window

NOISE = 0.002  # half a level of coding noise on top of what averaging away leaves


def shown(pictures: Sequence[int], *, speed: int = 3, noise: float = NOISE) -> list[Frame]:
    """A panning scene; equal numbers are the same picture but for the noise."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 6, 40, generator=generator)
    wide = torch.nn.functional.interpolate(coarse, size=(48, 400), mode="bicubic")[0].clamp(0, 1)
    frames = []
    for index, number in enumerate(pictures):
        rgb = wide[..., number * speed : number * speed + 64]
        rgb = rgb + noise * torch.randn(3, 48, 64, generator=generator)
        frames.append(Frame(Fraction(index, 25), rgb=rgb.clamp(0, 1)))
    return frames


def dropped(pictures: Sequence[int], *, longest: int = 3, **options: float) -> list[int]:
    frames = shown(pictures, **options)  # type: ignore[arg-type]
    finder = RepeatFilter(drop=True, longest=longest)
    left = list(finder.filter(iter(frames)))
    gone = [index for index, frame in enumerate(frames) if not any(frame is one for one in left)]
    assert finder.dropped == len(gone)
    assert sorted(pts for frame in left for pts in frame.repeats) == [frames[i].pts for i in gone]
    return gone


def test_every_twelfth_frame() -> None:
    numbers = [i - (i + 1) // 12 for i in range(40)]
    assert dropped(numbers) == [11, 23, 35]


@pytest.mark.parametrize("held", [2, 3])
def test_animation_on_twos_and_threes(held: int) -> None:
    numbers = [i // held for i in range(24)]
    last = 24 - held  # nothing follows the last picture: its repeats stay
    assert dropped(numbers) == [i for i in range(last) if i % held]


def test_a_held_picture_is_meant() -> None:
    assert dropped([*range(10), *[9] * 25, *range(10, 20)]) == []
    assert dropped([*range(10), 9, 9, *range(10, 20)]) == [10, 11]
    assert dropped([*range(10), 9, 9, *range(10, 20)], longest=1) == []


@given(st.integers(0, 30), st.sampled_from([0.0, 0.002, 0.02]))
def test_a_still_scene_is_left_alone(count: int, noise: float) -> None:
    assert dropped([0] * count, noise=noise) == []


def test_steady_motion_is_left_alone() -> None:
    assert dropped(range(30), speed=1) == []


def test_a_repeat_before_a_cut_stays() -> None:
    frames = shown([*range(8), 7, *range(60, 70)])
    frames[9].starts_shot = True
    finder = RepeatFilter(drop=True)
    assert list(finder.filter(iter(frames))) == frames
    assert finder.dropped == 0


def test_counting_changes_nothing() -> None:
    frames = shown([i // 2 for i in range(20)])
    finder = RepeatFilter(drop=False)
    assert list(finder.filter(iter(frames))) == frames
    assert (finder.count, finder.dropped) == (9, 0)


def test_what_repeats_left_is_made_from_their_distinct_neighbours() -> None:
    frames = shown([0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12])
    seen = []

    def spy(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        seen.append((gap.before.pts, [window.time for window in windows]))
        yield from (torch.zeros_like(gap.before.rgb)[None] for _ in windows)

    filtered = RepeatFilter(drop=True).filter(iter(frames))
    out = list(upsample(filtered, spy, timeline=EqualParts(2)))
    assert [frame.pts for frame in out] == [Fraction(i, 50) for i in range(29)]
    assert seen[3] == (Fraction(3, 25), [0.25, 0.5, 0.75])
    assert seen[4] == (Fraction(5, 25), [0.5])
    assert len(seen) == 12


REAL = {"hard_dups_every12.mp4": 15, "hard_dups_film_audio.mp4": 73, "tears_b.mp4": 0}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_clips(dev_clips: Path, name: str) -> None:
    if not (dev_clips / name).exists():
        pytest.skip(f"{name} is not among the clips")
    finder = RepeatFilter(drop=True)
    with open_source(dev_clips / name) as source:
        for _ in finder.filter(source):
            pass
    assert finder.dropped == REAL[name]
