"""The display matrix: how a player is told to turn a picture that is stored lying on its side.

Phones record in the orientation of the sensor and note the turn here. Frames are processed as they
are coded, and the note is carried over to the output. PyAV can write it from version 18 on; for
MP4 and MOV files of older versions the matrix is put into the finished file, where it is nine
numbers at a fixed place of the track header (ISO/IEC 14496-12, section 8.3.2).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import av

DisplayMatrix = tuple[int, ...]

_CONTAINERS = (b"moov", b"trak")


def matrix_of_picture(picture: av.VideoFrame) -> DisplayMatrix | None:
    """The nine numbers of FFmpeg's display matrix (16.16 and 2.30 fixed point), or None."""
    try:
        side_data: Any = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV before 19 refuses to list side data if FFmpeg attached a kind it has no name for,
        # such as the EXIF block of a TIFF; the angle, though without any mirroring, is elsewhere.
        degrees = getattr(picture, "rotation", 0)
        return matrix_of_rotation(degrees) if degrees else None
    if side_data is None:
        return None
    return struct.unpack("=9i", bytes(side_data)[:36])


def matrix_of_rotation(degrees: float) -> DisplayMatrix:
    """The display matrix of a turn counter-clockwise, the inverse of :func:`rotation_of`.

    >>> rotation_of(matrix_of_rotation(90))
    90.0
    """
    cosine = round(65536 * math.cos(math.radians(degrees)))
    sine = round(65536 * math.sin(math.radians(degrees)))
    return (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1 << 30)


def rotation_of(matrix: DisplayMatrix | None) -> float:
    """Degrees counter-clockwise by which a player turns the picture, in (-180, 180].

    >>> rotation_of((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    -90.0
    >>> rotation_of(None)
    0.0
    """
    if matrix is None:
        return 0.0
    a, b, c, d = (matrix[i] / 65536 for i in (0, 1, 3, 4))
    columns = math.hypot(a, c), math.hypot(b, d)
    if 0.0 in columns:
        return 0.0  # not a rotation at all; FFmpeg treats it as none
    degrees = -math.degrees(math.atan2(b / columns[1], a / columns[0]))
    return 180.0 if degrees == -180.0 else degrees + 0.0


def patch_mp4(path: Path, matrix: DisplayMatrix) -> bool:
    """Write ``matrix`` into the first video track of a finished MP4 or MOV file.

    Returns:
        False if the file has no track with a picture, and nothing was written.
    """
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        for header in _track_headers(file, 0, size):
            version = header[2]
            at = header[0] + (52 if version == 1 else 40)
            file.seek(at)
            *_, width, height = struct.unpack(">9i2I", file.read(44))
            if width and height:
                file.seek(at)
                file.write(struct.pack(">9i", *matrix))
                return True
    return False


def _track_headers(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(payload start, payload end, version) of every ``tkhd`` box between two offsets."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        payload = start + 8
        if size == 1:  # the real size follows in 64 bits
            (size,) = struct.unpack(">Q", file.read(8))
            payload += 8
        stop = start + size if size else end
        if kind == b"tkhd":
            file.seek(payload)
            yield payload, stop, file.read(1)[0]
        elif kind in _CONTAINERS:
            yield from _track_headers(file, payload, stop)
        start = max(stop, payload)
