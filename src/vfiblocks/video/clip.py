"""Frames that are tensors or arrays already, to a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video._av import reason
from vfiblocks.video.base import Source
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.sink import open_sink
from vfiblocks.video.timeline import tick_for
from vfiblocks.video.upsampled import UpsampledVideo

BT709 = 1  # ITU-T H.273 code, the same for primaries, transfer and matrix
LIMITED = 1


class TensorClip(Source):
    """A clip in memory as a source of frames.

    Args:
        frames: (T, 3, H, W) in [0, 1].
        rate: frames per second.

    Raises:
        InputError: for another shape, or no frames.

    Example:
        >>> import torch
        >>> [str(frame.pts) for frame in TensorClip(torch.zeros(2, 3, 4, 6), rate=25)]
        ['0', '1/25']
    """

    def __init__(self, frames: Tensor, *, rate: Fraction | int) -> None:
        if frames.ndim != 4 or frames.shape[1] != 3 or 0 in frames.shape:
            raise InputError(f"a clip must be (T, 3, H, W), got {tuple(frames.shape)}")
        self.path = Path("clip in memory")
        self._frames = frames
        rate = Fraction(rate)
        self.info = replace(
            _plain_info(frames.shape[3], frames.shape[2], rate),
            time_base=1 / rate,
            frames=len(frames),
            duration=len(frames) / rate,
        )

    def __iter__(self) -> Iterator[Frame]:
        for index, frame in enumerate(self._frames):
            yield Frame(index / self.info.rate, rgb=frame)

    def close(self) -> None:
        """Nothing is open."""


class FrameStream(Source):
    """Frames from anywhere as a source, which can be read once.

    Args:
        frames: :class:`~vfiblocks.video.frame.Frame` objects, (3, H, W) tensors in [0, 1], or
            (H, W, 3) RGB arrays of uint8 or uint16.
        rate: frames per second. Frames that know their time keep it, the others follow each other
            at this rate.
        like: a source whose size, colours and companions these frames share; None for one of BT.709
            in limited range without sound.

    Raises:
        InputError: there are no frames, or the first is none of these.

    Example:
        >>> stream = FrameStream((torch.full((3, 4, 6), i / 4) for i in range(4)), rate=25)
        >>> stream.info.width, [str(frame.pts) for frame in stream][:2]
        (6, ['0', '1/25'])
    """

    def __init__(
        self,
        frames: Iterable[Frame | Tensor | np.ndarray[Any, Any]],
        *,
        rate: Fraction | int,
        like: Source | None = None,
    ) -> None:
        self._rate = Fraction(rate)
        self._frames = self._framed(frames)
        first = next(self._frames, None)
        if first is None:
            raise InputError("there are no frames to write")
        self._first = first
        width, height = first.size
        self.path = Path("frames in memory") if like is None else like.path
        if like is None:
            self.info = _plain_info(width, height, self._rate, first.bits)
        else:
            self.info = replace(like.info, width=width, height=height, rate=self._rate)

    def __iter__(self) -> Iterator[Frame]:
        yield self._first
        yield from self._frames

    def close(self) -> None:
        """Nothing is open."""

    def _framed(self, frames: Iterable[Frame | Tensor | np.ndarray[Any, Any]]) -> Iterator[Frame]:
        for index, item in enumerate(frames):
            if isinstance(item, Frame):
                yield item
            elif isinstance(item, Tensor):
                yield Frame(index / self._rate, rgb=item)
            else:
                yield _frame_of_array(index / self._rate, item)


def write_video(
    path: str | Path,
    frames: Tensor | Source | Iterable[Frame | Tensor | np.ndarray[Any, Any]],
    *,
    rate: Fraction | int | None = None,
    like: Source | None = None,
    overwrite: bool = False,
    codec: str | None = None,
    crf: int | None = None,
) -> Path:
    """Write frames as a video, or as a folder of images if ``path`` has no suffix.

    Args:
        path: the output; appears when it is whole.
        frames: a clip (T, 3, H, W) in [0, 1]; a source, such as :func:`lift15.interpolate_video`
            gives; or an iterable of frames, (3, H, W) tensors or (H, W, 3) uint8 or uint16
            arrays, read one by one.
        rate: frames per second; a source and ``like`` have their own.
        like: the source these frames were made from, whose colours and sound are kept.
        overwrite: whether an existing output is replaced.
        codec: see :func:`~vfiblocks.video.encoding.choose_encoding`.
        crf: constant quality, lower is better.

    Raises:
        InputError: for frames of another shape, or without a rate.
        VideoError: if the output cannot be written.
        MissingDependency: PyAV is not installed.
    """
    source = _source_of(frames, rate, like)
    slowdown = source.timeline.slow_motion if isinstance(source, UpsampledVideo) else 1
    if isinstance(like, UpsampledVideo):
        slowdown = like.timeline.slow_motion
    with open_sink(
        path,
        source,
        rate=source.info.rate,
        slowdown=slowdown,
        time_base=source.info.time_base,
        overwrite=overwrite,
        codec=codec,
        crf=crf,
    ) as sink:
        for frame in source:
            sink.write(frame)
    return Path(path)


def _source_of(
    frames: Tensor | Source | Iterable[Frame | Tensor | np.ndarray[Any, Any]],
    rate: Fraction | int | None,
    like: Source | None,
) -> Source:
    if isinstance(frames, Source):
        if rate is not None or like is not None:
            raise InputError("a source has its own rate and colours; leave out rate and like")
        return frames
    if rate is None and like is not None:
        rate = like.info.rate
    if rate is None:
        raise InputError("frames without a source need a rate, such as rate=25")
    if isinstance(frames, Tensor) and like is None:
        return TensorClip(frames, rate=rate)
    return FrameStream(frames, rate=rate, like=like)


def _frame_of_array(pts: Fraction, array: np.ndarray[Any, Any]) -> Frame:
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"an array must be (H, W, 3) of uint8 or uint16, got {array.shape} of {array.dtype}"
        )
    bits = 8 * array.dtype.itemsize
    rgb = torch.from_numpy(array.astype(np.float32) / (2**bits - 1)).permute(2, 0, 1)
    return Frame(pts, rgb=rgb, bits=bits)


def _plain_info(width: int, height: int, rate: Fraction, bits: int = 8) -> VideoInfo:
    return VideoInfo(
        width=width,
        height=height,
        rate=rate,
        time_base=tick_for(1 / rate, Fraction(1, 90000)),  # 90 kHz for frames that know their time
        pix_fmt="yuv420p" if bits == 8 else "yuv420p10le",
        color_range=LIMITED,
        color_primaries=BT709,
        color_trc=BT709,
        colorspace=BT709,
    )


def write_picture(path: str | Path, image: Tensor, *, overwrite: bool = False) -> Path:
    """Write one picture as PNG, rounded to 8 bits.

    Args:
        path: ends in ``.png``; appears when it is whole.
        image: (3, H, W); clamped to [0, 1].
        overwrite: whether an existing file is replaced.

    Raises:
        InputError: for another shape or suffix.
        VideoError: if the file cannot be written.
    """
    import cv2

    path = Path(path)
    if image.ndim != 3 or image.shape[0] != 3 or path.suffix != ".png":
        raise InputError(
            f"a picture must be (3, H, W) and its file end in .png, got {tuple(image.shape)} "
            f"and {path.name}"
        )
    levels = (image.detach().float().cpu().clamp(0.0, 1.0) * 255.0).round().byte()
    _, data = cv2.imencode(".png", levels.flip(0).permute(1, 2, 0).contiguous().numpy())
    partial = PartialOutput(path, overwrite=overwrite)
    try:
        partial.path.write_bytes(data.tobytes())
        partial.commit()
    except OSError as error:
        raise VideoError(f"{path}: cannot be written: {reason(error)}") from error
    finally:
        partial.discard()
    return path
