"""Pictures and RGB: exact round trips, rounding, and agreement with FFmpeg's scaler."""

from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from vfiblocks.errors import VideoError
from vfiblocks.video import picture_to_rgb, rgb_to_picture
from vfiblocks.video.layouts import Layout, planar_layout
from vfiblocks.video.pixels import picture_to_alpha, repacked

PLANAR = [
    f"{stem}{suffix}"
    for stem in ("yuv420p", "yuv422p", "yuv444p", "gbrp", "gray")
    for suffix in ("", "10le", "12le")
]
PACKED = ["rgb24", "bgr0", "bgra", "rgb48be", "nv12", "p010le", "gray16be", "yuvj420p", "yuvj444p"]


def smooth(width: int = 64, height: int = 48) -> Tensor:
    small = torch.rand(1, 3, 6, 8)
    big = torch.nn.functional.interpolate(small, size=(height, width), mode="bicubic")
    return big[0].clamp(0.15, 0.85)


def samples(picture: Any) -> list[np.ndarray[Any, Any]]:
    """Every plane's samples, without the padding at the end of its rows."""
    deep = planar_layout(picture.format.name).bits > 8
    packed = 1 if planar_layout(picture.format.name).name == picture.format.name else None
    planes = []
    for plane in picture.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
        used = plane.width * (2 if deep else 1) if packed else rows.shape[1]
        planes.append(rows[:, :used])
    return planes


@pytest.mark.parametrize("color_range", [0, 1, 2])
@pytest.mark.parametrize("pix_fmt", PLANAR + PACKED)
def test_writing_back_what_was_read_changes_no_sample(pix_fmt: str, color_range: int) -> None:
    first = rgb_to_picture(smooth(), pix_fmt, color_range=color_range)
    again = rgb_to_picture(picture_to_rgb(first), pix_fmt, color_range=color_range)
    assert again.format.name == first.format.name == pix_fmt
    for one, two in zip(samples(first), samples(again), strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv444p12le", "gbrp", "rgb24", "rgb48be"])
def test_rgb_survives_within_a_level(pix_fmt: str) -> None:
    rgb = smooth()
    bits = planar_layout(pix_fmt).bits
    assert (picture_to_rgb(rgb_to_picture(rgb, pix_fmt)) - rgb).abs().max() < 2 / 2**bits


@pytest.mark.parametrize("pix_fmt", ["rgb24", "gbrp", "gray", "yuvj444p"])
def test_values_are_rounded_not_truncated(pix_fmt: str) -> None:
    flat = torch.full((3, 4, 6), 127.6 / 255)
    for plane in samples(rgb_to_picture(flat, pix_fmt)):
        assert plane[0, 0] == 128


def scale_to_rgb(picture: Any, colorspace: int, color_range: int) -> np.ndarray[Any, Any]:
    """FFmpeg's scale filter, told matrix and range by name, at 16 bits."""
    size = f"{picture.width}x{picture.height}"
    matrix = {1: "bt709", 5: "bt601", 9: "bt2020"}[colorspace]
    graph = av.filter.Graph()
    source = f"video_size={size}:pix_fmt={picture.format.name}:time_base=1/25:pixel_aspect=1/1"
    scale = f"in_color_matrix={matrix}:in_range={('', 'tv', 'pc')[color_range]}:out_range=pc"
    nodes = [
        graph.add("buffer", source),
        graph.add("scale", scale + ":flags=accurate_rnd+full_chroma_int"),
        graph.add("format", "rgb48le"),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(nodes):
        before.link_to(after)
    graph.configure()
    picture.colorspace, picture.color_range = 2, 0  # so that only the filter's options count
    picture.pts = 0
    nodes[0].push(picture)
    scaled = nodes[-1].pull().to_ndarray().astype(np.float32) / 65535
    picture.colorspace, picture.color_range = colorspace, color_range
    return scaled  # type: ignore[no-any-return]


@pytest.mark.parametrize("colorspace", [1, 5, 9])
@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv444p10le"])
def test_agrees_with_the_scaler(pix_fmt: str, color_range: int, colorspace: int) -> None:
    """An independent implementation of the same matrices, exact to its own rounding."""
    picture = rgb_to_picture(smooth(), pix_fmt, colorspace=colorspace, color_range=color_range)
    expected = scale_to_rgb(picture, colorspace, color_range)
    found = picture_to_rgb(picture).permute(1, 2, 0).numpy()
    assert np.abs(found - expected).max() < 1.5 / 255


@pytest.mark.parametrize(("width", "height"), [(479, 271), (1, 1), (2, 1), (1, 2), (3, 5)])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv420p10le", "nv12"])
def test_odd_sizes(pix_fmt: str, width: int, height: int) -> None:
    flat = torch.tensor([0.6, 0.5, 0.4])[:, None, None].expand(3, height, width)
    picture = rgb_to_picture(flat, pix_fmt)
    assert (picture.width, picture.height) == (width, height)
    assert (picture_to_rgb(picture) - flat).abs().max() < 0.01


def test_ten_bits_are_not_lost() -> None:
    ramp = torch.linspace(0.3, 0.31, 16)[None, None].expand(3, 2, 16)
    decoded = picture_to_rgb(rgb_to_picture(ramp, "yuv444p10le"))
    assert len(decoded[0, 0].unique()) > 8  # eight bits would leave 3 or 4


def test_colours_and_opacity_are_read_apart() -> None:
    levels = np.zeros((2, 2, 4), np.uint8)
    levels[0] = (255, 51, 0, 102)
    picture = av.VideoFrame.from_ndarray(levels, "rgba")
    assert torch.allclose(picture_to_rgb(picture)[:, 0, 0], torch.tensor([1.0, 0.2, 0.0]))
    alpha = picture_to_alpha(picture)
    assert alpha is not None
    assert torch.allclose(alpha[0], torch.tensor([[0.4, 0.4], [0.0, 0.0]]))
    assert picture_to_alpha(rgb_to_picture(smooth(), "rgb24")) is None


ALPHA = ["rgba", "bgra", "gbrap16le", "rgba64be", "yuva420p", "yuva444p12le", "gbrapf32le", "ya8"]


@pytest.mark.parametrize("pix_fmt", ALPHA)
def test_opacity_survives(pix_fmt: str) -> None:
    opacity = torch.linspace(0, 1, 64).expand(1, 48, 64)
    picture = rgb_to_picture(smooth(), pix_fmt, alpha=opacity, color_range=1)
    found = picture_to_alpha(picture)
    assert found is not None
    assert (found - opacity).abs().max() < 0.51 / 255
    opaque = picture_to_alpha(rgb_to_picture(smooth(), pix_fmt))
    assert opaque is not None
    assert torch.equal(opaque, torch.ones(1, 48, 64))


@pytest.mark.parametrize("pix_fmt", ["gbrpf32le", "gbrapf32le", "grayf32le"])
def test_light_survives(pix_fmt: str) -> None:
    picture = av.VideoFrame(64, 48, pix_fmt)
    rng = np.random.default_rng(1)
    for plane in picture.planes:
        light = np.exp(rng.uniform(-7, 11, 64 * 48)).astype(np.float32)
        np.frombuffer(plane, np.float32).reshape(48, -1)[:, :64] = light.reshape(48, 64)
    again = rgb_to_picture(picture_to_rgb(picture), pix_fmt)
    for one, two in zip(picture.planes[:3], again.planes[:3], strict=True):
        before = np.frombuffer(one, np.float32).reshape(48, -1)[:, :64]
        after = np.frombuffer(two, np.float32).reshape(48, -1)[:, :64]
        assert np.abs(after / before - 1).max() < 2e-5


def test_undefined_light_is_an_error() -> None:
    picture = av.VideoFrame(4, 2, "grayf32le")
    np.frombuffer(picture.planes[0], np.float32)[:] = np.nan
    with pytest.raises(VideoError, match="infinite or undefined"):
        picture_to_rgb(picture)


def test_palettes_are_looked_up() -> None:
    picture = av.VideoFrame(4, 2, "pal8")
    np.frombuffer(picture.planes[0], np.uint8)[:] = 7
    palette = np.frombuffer(picture.planes[1], np.uint32)
    palette[:] = 0xFF000000  # ARGB, opaque black
    palette[7] = 0xFFFF8000
    found = picture_to_rgb(picture)[:, 1, 3]
    assert torch.allclose(found, torch.tensor([1.0, 128 / 255, 0.0]))


@pytest.mark.parametrize(
    ("pix_fmt", "planar"),
    [
        ("yuyv422", "yuv422p"),
        ("yuv411p", "yuv444p"),
        ("yuvj411p", "yuvj444p"),
        ("yuva420p", "yuva420p"),
        ("y210le", "yuv422p10le"),
        ("ya8", "gbrap"),
        ("pal8", "gbrap"),
        ("gray16be", "gray16le"),
        ("gbrpf32le", "gbrpf32le"),
        ("gbrapf16le", "gbrapf16le"),
        ("rgbaf32be", "gbrapf32le"),
        ("ayuv64le", "yuva444p16le"),
        ("bayer_rggb8", "gbrp"),
        ("xyz12le", "gbrp12le"),
    ],
)
def test_every_format_has_a_planar_one_that_holds_it(pix_fmt: str, planar: str) -> None:
    layout = planar_layout(pix_fmt)
    assert layout.name == planar
    assert Layout.of(layout.name) == layout


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("yuvj420p", "yuv420p"),
        ("yuv444p", "yuvj444p"),
        ("rgb24", "bgr0"),
        ("gbrp", "rgb24"),
        ("gray16be", "gray16le"),
    ],
)
@pytest.mark.parametrize("color_range", [1, 2])
def test_repacking_keeps_every_sample(before: str, after: str, color_range: int) -> None:
    picture = rgb_to_picture(
        smooth(), before, color_range=2 if "j" in after + before else color_range
    )
    other = repacked(picture, after)
    assert other is not None
    assert other.format.name == after
    assert torch.equal(picture_to_rgb(other), picture_to_rgb(picture))


@pytest.mark.parametrize(
    ("before", "after"),
    [("yuv420p", "yuv444p"), ("bgra", "rgb24"), ("yuv420p10le", "yuv420p"), ("gray", "yuv420p")],
)
def test_repacking_never_converts(before: str, after: str) -> None:
    assert repacked(rgb_to_picture(smooth(), before), after) is None


def test_made_pictures_carry_their_tags() -> None:
    picture = rgb_to_picture(smooth(), "yuv420p", colorspace=9, color_range=2)
    assert int(picture.colorspace) == 9
    assert int(picture.color_range) == 2
