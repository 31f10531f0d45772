"""Is the file all there? Half a download plays without complaint, just not to its end.

FFmpeg treats a file that stops early like one that was meant to end there. MP4, MOV and Matroska
say in their outermost boxes how long they are, so the loss can be seen before any work is done.
Recordings that were never finished state no length in Matroska and pass; other formats do, too.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_MP4_PAYLOAD = (b"mdat", b"moof", b"moov")  # anything else may be padding or garbage at the end
_EBML = 0x1A45DFA3
_SEGMENT = 0x18538067


def missing_bytes(path: Path) -> int:
    """How many bytes a file lacks by its own account; 0 if none, or if it does not say."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        if len(head) == 8 and head[4:] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return max(0, _mp4_end(file, size) - size)
        if head[:4] == _EBML.to_bytes(4, "big"):
            return max(0, _matroska_end(file) - size)
    return 0


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Where the last box with payload ends (ISO/IEC 14496-12, section 4.2)."""
    start = end = 0
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:  # the real length follows in 64 bits
            wide = file.read(8)
            length = int.from_bytes(wide, "big") if len(wide) == 8 else 16
        elif length == 0:  # up to the end of the file, wherever that is
            return end
        if kind in _MP4_PAYLOAD:
            end = start + length
        start += max(8, length)
    return end


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment ends, 0 if it does not say (RFC 8794, sections 4 and 11.1)."""
    file.seek(4)
    header = _ebml_length(file)
    if header is None:
        return 0
    file.seek(header, 1)
    if int.from_bytes(file.read(4), "big") != _SEGMENT:
        return 0
    length = _ebml_length(file)
    return 0 if length is None else file.tell() + length


def _ebml_length(file: BinaryIO) -> int | None:
    """A variable-length number; None if all its bits are set, which stands for unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1), "big") & ((1 << 7 * width) - 1)
    return None if value == (1 << 7 * width) - 1 else value
