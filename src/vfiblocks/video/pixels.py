"""Decoded pictures to RGB tensors and back, for every pixel format FFmpeg knows.

Planar YUV, grey and GBR of 8 to 16 bits are converted here in floating point, so no bit is lost
and rounding happens once, at the very end. Floating-point GBR and grey hold linear light and are
seen through the curve of :mod:`vfiblocks.video.light`. Anything else (packed, semi-planar, palette)
is first unpacked by FFmpeg's scaler into the planar format with the same bits.
"""

from __future__ import annotations

from dataclasses import replace
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
from vfiblocks.video.layouts import Layout, is_full_range, planar_layout
from vfiblocks.video.light import light_to_signal, signal_to_light
from vfiblocks.video.packing import rearranged

if TYPE_CHECKING:
    import av


def picture_to_rgb(picture: av.VideoFrame, *, device: torch.device | str = "cpu") -> Tensor:
    """Decode the colours of a picture.

    Matrix and range are those the picture is tagged with; untagged ones get the matrix that
    :func:`~vfiblocks.video.color.matrix_of` chooses by size. Opacity is not looked at here; see
    :func:`picture_to_alpha`.

    Args:
        picture: a decoded frame in coded orientation.
        device: where to convert; planes travel there as they are, in their few bits.

    Returns:
        (3, H, W) float32 in [0, 1].

    Raises:
        VideoError: the picture is tagged with a matrix there is no formula for.
    """
    picture, layout = _unpacked(picture)
    planes = [_read_plane(plane, layout).to(device).float() for plane in picture.planes]
    if layout.floating:
        light = planes[0][None] if layout.kind == "gray" else _in_rgb_order(planes)
        return light_to_signal(light).expand(3, -1, -1).contiguous()
    levels = Levels(layout.bits, is_full_range(layout, int(picture.color_range)))
    height, width = planes[0].shape
    if layout.kind == "yuv":
        matrix = matrix_of(int(picture.colorspace), width, height)
        chroma = upsample_chroma(torch.stack(planes[1:3]), height, width)
        signal = torch.cat((levels.luma_signal(planes[0])[None], levels.chroma_signal(chroma)))
        return yuv_to_rgb(signal, matrix).clamp_(0, 1)
    if layout.kind == "gray":
        return levels.luma_signal(planes[0]).clamp_(0, 1).expand(3, -1, -1).contiguous()
    return levels.luma_signal(_in_rgb_order(planes)).clamp_(0, 1)


def picture_to_alpha(picture: av.VideoFrame) -> Tensor | None:
    """The opacity of a picture, None for formats without.

    Returns:
        (1, H, W) float32 in [0, 1]; 1 is opaque.

    Example:
        >>> picture = rgb_to_picture(torch.rand(3, 2, 4), "yuva420p", alpha=torch.zeros(1, 2, 4))
        >>> picture_to_alpha(picture).max().item()
        0.0
    """
    if not planar_layout(picture.format.name).alpha:
        return None
    picture, layout = _unpacked(picture)
    plane = _read_plane(picture.planes[3], layout).float()
    return (plane if layout.floating else plane / (2**layout.bits - 1)).clamp_(0, 1)[None]


def rgb_to_picture(
    rgb: Tensor,
    pix_fmt: str,
    *,
    alpha: Tensor | None = None,
    colorspace: int = UNSPECIFIED,
    color_range: int = 0,
) -> av.VideoFrame:
    """Code colours as a picture, rounding every sample to the nearest level.

    Args:
        rgb: (3, H, W) in [0, 1]; values outside are clamped.
        pix_fmt: FFmpeg's name of the wanted format; for floating-point formats ``rgb`` is the
            signal of :func:`~vfiblocks.video.light.light_to_signal`.
        alpha: (1, H, W) opacity in [0, 1]; None for opaque. Formats without ignore it.
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
    if layout.floating:
        light = signal_to_light(rgb)
        planes = [light.mean(0)] if layout.kind == "gray" else [light[i] for i in (1, 2, 0)]
    elif layout.kind == "gbr":
        planes = [levels.luma_levels(rgb[i]) for i in (1, 2, 0)]
    else:
        signal = rgb_to_yuv(rgb, matrix_of(colorspace, width, height))
        planes = [levels.luma_levels(signal[0])]
        if layout.kind == "yuv":
            across, down = layout.chroma
            chroma = downsample_chroma(signal[1:], -(-height // down), -(-width // across))
            planes.extend(levels.chroma_levels(chroma))
    if layout.alpha:
        opacity = torch.ones_like(rgb[0]) if alpha is None else alpha[0].float().clamp(0, 1)
        full = 1.0 if layout.floating else 2**layout.bits - 1
        planes.append(opacity * full if layout.floating else (opacity * full).round())
    picture = import_av().VideoFrame(width, height, layout.name)
    for plane, values in zip(picture.planes, planes, strict=True):
        _write_plane(plane, layout, values)
    picture.colorspace = colorspace
    picture.color_range = color_range
    if pix_fmt != layout.name:
        picture = _repack(picture, pix_fmt)
    return picture  # type: ignore[no-any-return]


def repacked(picture: av.VideoFrame, pix_fmt: str) -> av.VideoFrame | None:
    """The same samples in another arrangement, or None if that takes a colour conversion.

    NV12 becomes YUV420P that way, and ``yuvj420p`` the ``yuv420p`` of an encoder that wants the
    range said elsewhere. Half-precision numbers become single precision, which holds them all.

    Example:
        >>> picture = rgb_to_picture(torch.rand(3, 2, 2), "nv12")
        >>> repacked(picture, "yuv420p").format.name, repacked(picture, "rgb24")
        ('yuv420p', None)
    """
    if picture.format.name == pix_fmt:
        return picture
    before = replace(planar_layout(picture.format.name), jpeg=False)
    after = replace(planar_layout(pix_fmt), jpeg=False)
    if before.floating and replace(before, bits=after.bits) == after and before.bits <= after.bits:
        return _twin(picture, before, pix_fmt, after)  # type: ignore[no-any-return]
    if before != after:
        return None
    if Layout.of(picture.format.name) is None or Layout.of(pix_fmt) is None:
        return _repack(picture, pix_fmt)  # type: ignore[no-any-return]
    # Two names for one layout: older scalers would change the range on the way.
    return _twin(picture, before, pix_fmt, after)  # type: ignore[no-any-return]


def _twin(picture: Any, before: Layout, pix_fmt: str, after: Layout) -> Any:
    twin = import_av().VideoFrame(picture.width, picture.height, pix_fmt)
    for source, target in zip(picture.planes, twin.planes, strict=True):
        plane_samples(target, after)[...] = plane_samples(source, before)
    twin.colorspace, twin.color_range = int(picture.colorspace), int(picture.color_range)
    return twin


def _unpacked(picture: Any) -> tuple[Any, Layout]:
    layout = planar_layout(picture.format.name)
    if picture.format.name != layout.name:
        picture = _repack(picture, layout.name)
    return picture, layout


def _in_rgb_order(planes: list[Tensor]) -> Tensor:
    return torch.stack((planes[2], planes[0], planes[1]))


def _repack(picture: Any, pix_fmt: str) -> Any:
    """Change how samples are stored; the tags, and so the levels, stay what they are."""
    tags = int(picture.colorspace), int(picture.color_range)
    other = rearranged(picture, pix_fmt)
    if other is not None:
        other.colorspace, other.color_range = tags
        return other
    # The scaler converts between ranges when it believes they differ, so tell it they do not.
    same = {LIMITED_RANGE: "MPEG", FULL_RANGE: "JPEG"}.get(tags[1])  # names: PyAV 14 wants them
    repacked = picture.reformat(format=pix_fmt, src_color_range=same, dst_color_range=same)
    repacked.colorspace, repacked.color_range = tags
    return repacked


def plane_samples(plane: Any, layout: Layout) -> np.ndarray[Any, Any]:
    """A plane as a (height, width) array that shares its memory, without row padding."""
    if layout.floating:
        item = np.dtype(f"<f{layout.bits // 8}")
    else:
        item = np.dtype(np.uint8 if layout.bits == 8 else "<u2")
    stride = int(plane.line_size)
    rows = np.frombuffer(plane, dtype=item).reshape(plane.height, abs(stride) // item.itemsize)
    upright = rows if stride > 0 else rows[::-1]
    return upright[:, : plane.width]


def _read_plane(plane: Any, layout: Layout) -> Tensor:
    samples = plane_samples(plane, layout)
    if layout.floating:
        return torch.from_numpy(samples.astype(np.float32))
    # int32 holds 16 bits on every device; torch's own uint16 lacks most operations
    return torch.from_numpy(samples.copy() if layout.bits == 8 else samples.astype(np.int32))


def _write_plane(plane: Any, layout: Layout, values: Tensor) -> None:
    target = plane_samples(plane, layout)
    if not layout.floating:  # few bytes travel from the device; torch's uint16 lacks operations
        values = values.to(torch.uint8 if layout.bits == 8 else torch.int32)
    target[...] = values.cpu().numpy()
