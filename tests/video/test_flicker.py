"""Source frames are stored as they came, made ones go through RGB: both must be equally bright."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vfiblocks.video import Gap, convert_video, open_source, picture_to_rgb, rgb_to_picture
from vfiblocks.window import Window

av = pytest.importorskip("av")

LIMITED, FULL = 1, 2
FORMATS = [
    ("yuv420p", LIMITED),
    ("yuv420p", FULL),
    ("yuv420p10le", LIMITED),
    ("yuv420p10le", FULL),
    ("yuv444p", LIMITED),
]


def plane(picture: Any, index: int) -> np.ndarray[Any, Any]:
    kind = "<u2" if picture.format.name.endswith("10le") else "u1"
    plane = picture.planes[index]
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return rows[:, : plane.width]


def flat(pix_fmt: str, color_range: int, levels: Sequence[int]) -> Any:
    """A picture of one colour."""
    picture = av.VideoFrame(32, 16, pix_fmt)
    for index, level in enumerate(levels):
        item = "<u2" if pix_fmt.endswith("10le") else "u1"
        target = picture.planes[index]
        target.update(np.full(target.buffer_size // np.dtype(item).itemsize, level, item).tobytes())
    picture.color_range, picture.colorspace = color_range, 1
    return picture


@pytest.mark.parametrize(("pix_fmt", "color_range"), FORMATS)
def test_no_grey_changes_on_its_way_through_rgb(pix_fmt: str, color_range: int) -> None:
    unit = 4 if pix_fmt.endswith("10le") else 1
    black, white = (0, 256 * unit - 1) if color_range == FULL else (16 * unit, 235 * unit)
    for level in range(black, white + 1, 3 * unit - 2):
        before = flat(pix_fmt, color_range, (level, 128 * unit, 128 * unit))
        after = rgb_to_picture(
            picture_to_rgb(before), pix_fmt, colorspace=1, color_range=color_range
        )
        for index in range(3):
            assert np.array_equal(plane(after, index), plane(before, index)), level


@pytest.mark.parametrize(("pix_fmt", "color_range"), FORMATS)
def test_a_constant_scene_stays_constant(
    make_video: Callable[..., Path], tmp_path: Path, pix_fmt: str, color_range: int
) -> None:
    """Colours with texture, made by mixing equal frames: every frame of the output is the same."""
    path = make_video(
        "in.mkv", codec="ffv1", options={}, pix_fmt=pix_fmt, tags=(color_range, 1, 1, 1), frames=3
    )
    with open_source(path) as source:
        first = next(iter(source)).rgb

    def same(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        yield from (gap.before.rgb[None] for _ in windows)

    convert_video(path, tmp_path / "out.mkv", same, factor=3, codec="ffv1")
    with open_source(tmp_path / "out.mkv") as out:
        frames = list(out)
    unit = 4 if pix_fmt.endswith("10le") else 1
    for index in (1, 2):
        for channel in range(3):
            made, kept = (plane(frames[i].picture, channel) for i in (index, 0))
            assert abs(made.mean() - kept.mean()) / unit < 0.01
    assert torch.allclose(frames[0].rgb, first)
