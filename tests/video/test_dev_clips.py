"""Real clips, the hard ones, through the whole path with the simplest frame maker."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vfiblocks.video import convert_video, open_source

HARD = [
    "hard_10bit.mp4",
    "hard_cuts_audio.mp4",
    "hard_cuts_street.mp4",
    "hard_dups_every12.mp4",
    "hard_dups_film_audio.mp4",
    "hard_fullrange.mkv",
    "hard_multiaudio.mp4",
    "hard_odd_479x271.mp4",
    "hard_palette.gif",
    "hard_short9.mp4",
    "hard_vfr_derived.mkv",
    "hard_vfr_phone_rotated_audio.mp4",
]
KEPT = ("sample_aspect_ratio", "display_matrix", "color_range", "color_primaries", "color_trc")


@pytest.mark.slow
@pytest.mark.parametrize("name", HARD)
def test_hard_clips(
    dev_clips: Path,
    tmp_path: Path,
    name: str,
    average: Callable[..., Any],
    packets: Callable[..., Any],
    psnr: Callable[..., float],
) -> None:
    path = dev_clips / name
    if not path.exists():
        pytest.skip(f"{name} is not among the clips")
    target = tmp_path / Path(name).with_suffix(".mp4" if path.suffix == ".gif" else path.suffix)
    report = convert_video(path, target, average, left=2, right=2, limit=40, preset="veryfast")
    assert report.frames_out == 2 * report.frames_in - 1
    with open_source(path) as before, open_source(target) as after:
        for tag in KEPT if path.suffix != ".gif" else ():
            assert getattr(before.info, tag) == getattr(after.info, tag), tag
        assert (before.info.width, before.info.height) == (after.info.width, after.info.height)
        tolerance = Fraction(1, 2000) if path.suffix == ".mkv" else 0
        frames = list(after)
        assert len(frames) == report.frames_out
        for one, two in zip(before, frames[::2], strict=False):
            assert abs(one.pts - two.pts) <= tolerance
            assert psnr(one.rgb, two.rgb) > 35
    for full, copied in zip(packets(path), packets(target), strict=True):
        assert copied == full[: len(copied)]
        assert copied
