"""Decoded pictures to RGB tensors and back, for every pixel format FFmpeg knows.

Planar YUV, grey and GBR of 8 to 16 bits are converted here in floating point, so no bit is lost
and rounding happens once, at the very end. Anything else (packed, semi-planar, palette, float) is
first unpacked by FFmpeg's scaler into the planar format with the same bits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from vfiblocks.video._av import import_av
from vfiblocks.video.chroma import downsample_chroma, upsample_chroma
from vfiblocks.video.color import (
    FULL_RANGE,
    LIMITED_RANGE,
    UNSPECIFIED,
    Levels,
    matrix_of,
    rgb_to_yuv,
    yuv_to_rgb,
)

if TYPE_CHECKING:
    import av

_NAME = re.compile(r"(?:yuv(j?)(420|422|444)p|(gray)|gbr(a?)p)(?:(9|10|12|14|16)le)?")
_DEPTHS = (8, 10, 12, 14, 16)


@dataclass(frozen=True)
class Layout:
    """What the planes of a planar pixel format hold.

    Args:
        kind: ``"yuv"``, ``"gray"`` or ``"gbr"``.
        bits: bits per sample.
        chroma: columns and rows of luma per chroma sample, (2, 2) for 4:2:0.
        alpha: whether a fourth plane holds opacity.
        jpeg: whether the name itself says full range (yuvj420p and its kin).
    """

    kind: str
    bits: int = 8
    chroma: tuple[int, int] = (1, 1)
    alpha: bool = False
    jpeg: bool = False

    @classmethod
    def of(cls, pix_fmt: str) -> Layout | None:
        """The layout of a pixel format, or None where FFmpeg's scaler has to unpack it first.

        >>> Layout.of("yuv420p10le")
        Layout(kind='yuv', bits=10, chroma=(2, 2), alpha=False, jpeg=False)
        >>> Layout.of("nv12") is None
        True
        """
        match = _NAME.fullmatch(pix_fmt)
        if match is None:
            return None
        jpeg, sampling, gray, alpha, bits = match.groups()
        if sampling:
            chroma = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[sampling]
            return cls("yuv", int(bits or 8), chroma, jpeg=bool(jpeg))
        return cls("gray" if gray else "gbr", int(bits or 8), alpha=bool(alpha))

    @property
    def name(self) -> str:
        """FFmpeg's name of this layout."""
        if self.kind == "yuv":
            sampling = {(2, 2): "420", (2, 1): "422", (1, 1): "444"}[self.chroma]
            stem = f"yuv{'j' if self.jpeg else ''}{sampling}p"
        else:
            stem = "gray" if self.kind == "gray" else f"gbr{'a' if self.alpha else ''}p"
        return stem if self.bits == 8 else f"{stem}{self.bits}le"


def planar_layout(pix_fmt: str) -> Layout:
    """The planar layout that holds everything a pixel format can, itself if it is one.

    >>> planar_layout("nv12").name, planar_layout("bgra").name, planar_layout("rgb48be").name
    ('yuv420p', 'gbrap', 'gbrp16le')
    """
    known = Layout.of(pix_fmt)
    if known is not None:
        return known
    described = import_av().VideoFormat(pix_fmt, 16, 16)
    components = described.components
    colours = [component for component in components if not component.is_alpha]
    wanted = max(component.bits for component in components)
    bits = next((depth for depth in _DEPTHS if depth >= wanted), 16)
    alpha = len(colours) < len(components) or described.has_palette
    if len(colours) == 3 and not described.is_rgb and not pix_fmt.startswith("xyz"):
        across = 16 // min(component.width for component in colours)
        down = 16 // min(component.height for component in colours)
        # 4:2:0 and 4:2:2 have their own layouts; rarer samplings are brought to 4:4:4
        chroma = (across, down) if (across, down) in ((2, 2), (2, 1)) else (1, 1)
        return Layout("yuv", bits, chroma, jpeg=pix_fmt.startswith("yuvj"))
    if len(colours) == 1 and not alpha:
        return Layout("gray", bits)
    return Layout("gbr", bits, alpha=alpha)


def is_full_range(layout: Layout, color_range: int) -> bool:
    """Whether levels use the full range; unspecified means limited for YUV, full for the rest."""
    if layout.kind == "yuv":
        return layout.jpeg or color_range == FULL_RANGE
    return layout.kind == "gbr" or color_range != LIMITED_RANGE


def picture_to_rgb(picture: av.VideoFrame, *, device: torch.device | str = "cpu") -> Tensor:
    """Decode the colours of a picture.

    Matrix and range are those the picture is tagged with; untagged ones get the matrix that
    :func:`~vfiblocks.video.color.matrix_of` chooses by size. Transparent pixels (GIF, PNG) are
    laid over white.

    Args:
        picture: a decoded frame in coded orientation.
        device: where to convert; planes travel there as they are, in their few bits.

    Returns:
        (3, H, W) float32 in [0, 1].

    Raises:
        VideoError: the picture is tagged with a matrix there is no formula for.
    """
    layout = planar_layout(picture.format.name)
    if picture.format.name != layout.name:
        picture = _repack(picture, layout.name)
    planes = [_read_plane(plane, layout.bits).to(device).float() for plane in picture.planes]
    levels = Levels(layout.bits, is_full_range(layout, int(picture.color_range)))
    height, width = planes[0].shape
    if layout.kind == "yuv":
        matrix = matrix_of(int(picture.colorspace), width, height)
        chroma = upsample_chroma(torch.stack(planes[1:3]), height, width)
        signal = torch.cat((levels.luma_signal(planes[0])[None], levels.chroma_signal(chroma)))
        return yuv_to_rgb(signal, matrix).clamp_(0, 1)
    if layout.kind == "gray":
        return levels.luma_signal(planes[0]).clamp_(0, 1).expand(3, -1, -1).contiguous()
    rgb = levels.luma_signal(torch.stack((planes[2], planes[0], planes[1])))
    if layout.alpha:
        opacity = levels.luma_signal(planes[3])
        rgb = rgb * opacity + (1 - opacity)
    return rgb.clamp_(0, 1)


def rgb_to_picture(
    rgb: Tensor,
    pix_fmt: str,
    *,
    colorspace: int = UNSPECIFIED,
    color_range: int = 0,
) -> av.VideoFrame:
    """Code colours as a picture, rounding every sample to the nearest level.

    Args:
        rgb: (3, H, W) in [0, 1]; values outside are clamped.
        pix_fmt: FFmpeg's name of the wanted format.
        colorspace: H.273 matrix code; unspecified is chosen by size, as when reading.
        color_range: 1 limited, 2 full, 0 the format's usual one.

    Returns:
        A picture tagged with ``colorspace`` and ``color_range``, without a timestamp.

    Example:
        >>> picture = rgb_to_picture(torch.full((3, 2, 2), 127.6 / 255), "rgb24")
        >>> bytes(picture.planes[0])[:3].hex()
        '808080'
    """
    layout = planar_layout(pix_fmt)
    levels = Levels(layout.bits, is_full_range(layout, color_range))
    rgb = rgb.detach().float().clamp(0, 1)
    height, width = rgb.shape[-2:]
    if layout.kind == "gbr":
        planes = [levels.luma_levels(rgb[i]) for i in (1, 2, 0)]
        if layout.alpha:
            planes.append(levels.luma_levels(torch.ones_like(rgb[0])))
    else:
        signal = rgb_to_yuv(rgb, matrix_of(colorspace, width, height))
        planes = [levels.luma_levels(signal[0])]
        if layout.kind == "yuv":
            across, down = layout.chroma
            chroma = downsample_chroma(signal[1:], -(-height // down), -(-width // across))
            planes.extend(levels.chroma_levels(chroma))
    picture = import_av().VideoFrame(width, height, layout.name)
    for plane, values in zip(picture.planes, planes, strict=True):
        _write_plane(plane, layout.bits, values)
    picture.colorspace = colorspace
    picture.color_range = color_range
    if pix_fmt != layout.name:
        picture = _repack(picture, pix_fmt)
    return picture  # type: ignore[no-any-return]


def repacked(picture: av.VideoFrame, pix_fmt: str) -> av.VideoFrame | None:
    """The same samples in another arrangement, or None if that takes a colour conversion.

    NV12 becomes YUV420P that way, and ``yuvj420p`` the ``yuv420p`` of an encoder that wants the
    range said elsewhere. Opacity is dropped where ``pix_fmt`` has no room for it.

    Example:
        >>> picture = rgb_to_picture(torch.rand(3, 2, 2), "nv12")
        >>> repacked(picture, "yuv420p").format.name, repacked(picture, "rgb24")
        ('yuv420p', None)
    """
    if picture.format.name == pix_fmt:
        return picture
    before = replace(planar_layout(picture.format.name), jpeg=False)
    after = replace(planar_layout(pix_fmt), jpeg=False)
    if before != after or before.alpha:
        return None
    if Layout.of(picture.format.name) is None or Layout.of(pix_fmt) is None:
        return _repack(picture, pix_fmt)  # type: ignore[no-any-return]
    # Two names for one layout: older scalers would change the range on the way.
    twin = import_av().VideoFrame(picture.width, picture.height, pix_fmt)
    for source, target in zip(picture.planes, twin.planes, strict=True):
        _samples(target, after.bits)[...] = _samples(source, after.bits)
    twin.colorspace, twin.color_range = int(picture.colorspace), int(picture.color_range)
    return twin  # type: ignore[no-any-return]


def _repack(picture: Any, pix_fmt: str) -> Any:
    """Change how samples are stored; the tags, and so the levels, stay what they are."""
    tags = int(picture.colorspace), int(picture.color_range)
    # The scaler converts between ranges when it believes they differ, so tell it they do not.
    same = {LIMITED_RANGE: "MPEG", FULL_RANGE: "JPEG"}.get(tags[1])  # names: PyAV 14 wants them
    repacked = picture.reformat(format=pix_fmt, src_color_range=same, dst_color_range=same)
    repacked.colorspace, repacked.color_range = tags
    return repacked


def _samples(plane: Any, bits: int) -> np.ndarray[Any, Any]:
    """A plane as a (height, width) array that shares its memory, without row padding."""
    item = np.dtype(np.uint8 if bits == 8 else "<u2")
    stride = int(plane.line_size)
    rows = np.frombuffer(plane, dtype=item).reshape(plane.height, abs(stride) // item.itemsize)
    upright = rows if stride > 0 else rows[::-1]
    return upright[:, : plane.width]


def _read_plane(plane: Any, bits: int) -> Tensor:
    samples = _samples(plane, bits)
    # int32 holds 16 bits on every device; torch's own uint16 lacks most operations
    return torch.from_numpy(samples.copy() if bits == 8 else samples.astype(np.int32))


def _write_plane(plane: Any, bits: int, values: Tensor) -> None:
    target = _samples(plane, bits)
    target[...] = values.to(torch.int32).cpu().numpy().astype(target.dtype)
