"""Open whatever a user points at: a video file, a folder of images, or standard input."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video.base import Source
from vfiblocks.video.file_source import VideoFile
from vfiblocks.video.folder_source import ImageFolder
from vfiblocks.video.y4m_source import Y4mStream

DEFAULT_FOLDER_RATE = Fraction(25)


def open_source(path: str | Path, *, rate: Fraction | int | None = None) -> Source:
    """Open a video file, a folder of images, or the YUV4MPEG2 stream on standard input.

    Args:
        path: the file or folder; ``-`` for standard input, which can be read once.
        rate: frames per second of a folder of images, 25 unless said. A video file has its own.

    Raises:
        VideoError: nothing readable is there, or a rate was given for a video file or a stream.
        MissingDependency: PyAV is not installed.

    Example:
        >>> open_source("no_such.mp4")
        Traceback (most recent call last):
        vfiblocks.errors.VideoError: no_such.mp4: there is no such file
    """
    path = Path(path)
    is_stream = str(path) == "-"
    if path.is_dir() and not is_stream:
        folder_rate = Fraction(rate) if rate is not None else DEFAULT_FOLDER_RATE
        if folder_rate <= 0:
            raise VideoError(f"{path}: the frame rate must be positive, got {folder_rate}")
        return ImageFolder(path, rate=folder_rate)
    if rate is not None:
        raise VideoError(
            f"{path}: a frame rate can be given for a folder of images only; "
            "a video has its own clock"
        )
    if is_stream:
        return Y4mStream()
    return VideoFile(path)
