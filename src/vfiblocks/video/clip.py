"""Frames that are tensors already, to a file."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video._av import reason
from vfiblocks.video.base import Source
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.sink import open_sink

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
        self.info = VideoInfo(
            width=frames.shape[3],
            height=frames.shape[2],
            rate=rate,
            time_base=1 / rate,
            pix_fmt="yuv420p",
            frames=len(frames),
            duration=len(frames) / rate,
            color_range=LIMITED,
            color_primaries=BT709,
            color_trc=BT709,
            colorspace=BT709,
        )

    def __iter__(self) -> Iterator[Frame]:
        for index, frame in enumerate(self._frames):
            yield Frame(index / self.info.rate, rgb=frame)

    def close(self) -> None:
        """Nothing is open."""


def write_video(
    path: str | Path, frames: Tensor, *, rate: Fraction | int, overwrite: bool = False
) -> Path:
    """Write a clip as a video, or as a folder of images if ``path`` has no suffix.

    Args:
        path: the output; appears when it is whole.
        frames: (T, 3, H, W) in [0, 1].
        rate: frames per second.
        overwrite: whether an existing output is replaced.

    Raises:
        InputError: for frames of another shape.
        VideoError: if the output cannot be written.
        MissingDependency: PyAV is not installed.
    """
    clip = TensorClip(frames, rate=rate)
    with open_sink(path, clip, overwrite=overwrite) as sink:
        for frame in clip:
            sink.write(frame)
    return Path(path)


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
