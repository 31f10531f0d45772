"""One picture file as an array: read whole or not at all, and measured without being decoded."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from vfiblocks.errors import DataError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""What counts as a picture; the formats that OpenCV reads everywhere."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
# Start-of-frame markers; C4, C8 and CC among them mean something else (ITU-T T.81, table B.1)
_JPEG_SIZE = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def is_picture(name: str) -> bool:
    """Whether a file name is that of a picture that is not hidden.

    >>> is_picture("0001.PNG"), is_picture("notes.txt"), is_picture("._0001.png")
    (True, False, False)
    """
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture as it is stored: no turning by what a camera noted, no opacity.

    Grey becomes RGB, and 16 bits become 8.

    Args:
        path: the file.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        DataError: the file is missing, empty, cut off or damaged. (A JPEG with damage in its middle
            often decodes all the same; that nobody can see.)
    """
    import cv2

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not data:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    # Decoders fill up what is missing with grey, and OpenCV lets some of that pass
    if data.startswith(_PNG) and b"IEND" not in data[-4096:]:
        raise DataError(f"{path}: the file is cut off: a PNG ends with IEND, and this one does not")
    if data.startswith(_JPEG) and data.rfind(_JPEG_END) < len(data) // 2:
        raise DataError(f"{path}: the file is cut off: the end of the JPEG data is missing")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        bgr = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error:  # a decoder that throws rather than gives up
        bgr = None
    if bgr is None:
        raise DataError(f"{path}: is damaged, or no picture")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height from the header of a PNG or a JPEG; None for others, and for damaged ones.

    Reading tells damage in more detail, and these few bytes cost next to nothing.
    """
    with path.open("rb") as file:
        head = file.read(24)
        if head.startswith(_PNG) and len(head) == 24:
            return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        return _jpeg_size(file) if head.startswith(_JPEG) else None


def _jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    """Walk over the segments before the picture data, none of which is read."""
    at = 2
    while True:
        file.seek(at)
        head = file.read(9)
        if len(head) < 9 or head[0] != 0xFF:
            return None
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker == 0xFF:  # a byte of padding
            at += 1
        elif marker in _JPEG_SIZE:
            return int.from_bytes(head[7:9], "big"), int.from_bytes(head[5:7], "big")
        elif marker in (0xD9, 0xDA):  # the data start, and no size came
            return None
        else:
            at += 2 + length
