"""A folder of numbered images as a source of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av, reason
from vfiblocks.video.base import Source
from vfiblocks.video.display_matrix import matrix_of_picture
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import planar_layout
from vfiblocks.video.pixels import plane_samples

IMAGE_SUFFIXES = (".bmp", ".exr", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class ImageFolder(Source):
    """The images of a folder in natural order: ``frame2.png`` comes before ``frame10.png``.

    Other files are ignored, and so are hidden ones.

    Args:
        path: the folder.
        rate: frames per second; images carry no clock of their own.

    Raises:
        VideoError: the folder is missing, holds no image, or its first image cannot be read.
            While iterating: an image cannot be read or differs in size (of PNG images this is
            seen at once); the message names it.
        MissingDependency: PyAV is not installed.
    """

    def __init__(self, path: str | Path, *, rate: Fraction = Fraction(25)) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise VideoError(f"{self.path}: there is no such folder")
        self._files = sorted(
            (
                file
                for file in self.path.iterdir()
                if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
            ),
            key=natural_key,
        )
        if not self._files:
            raise VideoError(
                f"{self.path}: the folder holds no images ({', '.join(IMAGE_SUFFIXES)})"
            )
        first = _read(self._files[0])
        for file in self._files:
            size = _png_size(file)
            if size is not None:  # a stray last image must not be found after hours of work
                self._check_size(file, size, (first.width, first.height))
        self.info = VideoInfo(
            width=first.width,
            height=first.height,
            rate=rate,
            time_base=1 / rate,
            pix_fmt=first.format.name,
            frames=len(self._files),
            duration=len(self._files) / rate,
            codec=self._files[0].suffix.lower().lstrip("."),
            display_matrix=matrix_of_picture(first),
            color_range=int(first.color_range),
            colorspace=int(first.colorspace),
        )

    def __iter__(self) -> Iterator[Frame]:
        return self._from(0)

    def frames_near(self, pts: Fraction) -> Iterator[Frame]:
        """Frames from ``pts`` on: every image can be read alone."""
        return self._from(max(0, round(pts * self.info.rate)))

    def _from(self, start: int) -> Iterator[Frame]:
        wanted = self.info.width, self.info.height
        floating = planar_layout(self.info.pix_fmt).floating
        for index, file in enumerate(self._files[start:], start=start):
            picture = _read(file)
            self._check_size(file, (picture.width, picture.height), wanted)
            if planar_layout(picture.format.name).floating != floating:
                raise VideoError(
                    f"{file}: one of it and {self._files[0].name} holds linear light and the other "
                    "does not; put EXR images into a folder of their own"
                )
            yield Frame(index / self.info.rate, picture=picture)

    def close(self) -> None:
        """Nothing stays open between two images."""

    def _check_size(self, file: Path, found: tuple[int, int], wanted: tuple[int, int]) -> None:
        if found != wanted:
            raise VideoError(
                f"{file}: is {found[0]}x{found[1]}, but {self._files[0].name} is "
                f"{wanted[0]}x{wanted[1]}; all images of a folder must have one size"
            )


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key that compares runs of digits as numbers.

    >>> sorted(map(Path, ["f10.png", "f9.png", "f010.png"]), key=natural_key)[0].name
    'f9.png'
    """
    pieces = re.split(r"(\d+)", path.name.lower())
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces if p], path.name


def _png_size(path: Path) -> tuple[int, int] | None:
    """Width and height from the header of a PNG, which costs nothing; None for other formats."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _read(path: Path) -> Any:
    """Decode one image; opened by Python, so that a ``%`` in its name is no number pattern."""
    av = import_av()
    try:
        with path.open("rb") as file, av.open(file) as container:
            if not container.streams.video:
                raise VideoError(f"{path}: is not an image")
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                for picture in packet.decode():
                    if packet.is_corrupt or picture.is_corrupt:
                        raise VideoError(f"{path}: the image is damaged")
                    _refuse_undefined(path, picture)
                    return picture
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"{path}: cannot be read as an image: {reason(error)}") from error
    raise VideoError(f"{path}: the image is empty or damaged")


def _refuse_undefined(path: Path, picture: Any) -> None:
    """Renderers leave pixels that are infinite or no number; no frame can be made from them."""
    layout = planar_layout(picture.format.name)
    if layout.floating and layout.name == picture.format.name:
        for plane in picture.planes:
            if not np.isfinite(plane_samples(plane, layout)).all():
                raise VideoError(
                    f"{path}: holds numbers that are infinite or undefined; repair these pixels"
                )
