"""Encoded packets in a file, bit by bit as the encoder made them.

No container does this: NUT knows no ProRes and drops decoding times, Matroska rounds to
milliseconds, MP4 rewrites H.264 and HEVC. A segment has to give back exactly what the encoder of an
unbroken run would have handed to the output's container, and nobody is meant to play it.

The file is a line that says what it is, a line of JSON, and packets one after the other.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av

_MAGIC = b"vfi packets 1\n"
_HEAD = struct.Struct("<qqqBII")  # pts, dts, duration, key frame, bytes, bytes of opacity
_ALPHA = "matroska_block_additional"  # where VP9 in WebM has its opacity


class StoredPacket(NamedTuple):
    """A packet, its times in ticks."""

    pts: int
    dts: int
    duration: int
    is_key: bool
    data: bytes
    alpha: bytes = b""

    def to_av(self, time_base: Fraction, dts: int) -> Any:
        """The packet for a muxer, to be decoded at ``dts``."""
        av = import_av()
        packet = av.Packet(self.data)
        packet.time_base = time_base
        packet.pts, packet.dts, packet.duration = self.pts, dts, self.duration
        packet.is_keyframe = self.is_key
        if self.alpha:
            kind = av.packet.packet_sidedata_type_from_literal(_ALPHA)
            side = av.packet.PacketSideData(kind, len(self.alpha))
            side.update(self.alpha)
            packet.set_sidedata(side)
        return packet


def stored(packet: Any) -> StoredPacket:
    """What is kept of an encoder's packet."""
    alpha = b""
    if keeps_alpha() and packet.has_sidedata(_ALPHA):
        alpha = bytes(packet.get_sidedata(_ALPHA))
    return StoredPacket(
        packet.pts,
        packet.pts if packet.dts is None else packet.dts,
        packet.duration or 0,
        bool(packet.is_keyframe),
        bytes(packet),
        alpha,
    )


def keeps_alpha() -> bool:
    """Whether opacity that an encoder hands out beside its packets can be kept with this PyAV."""
    return hasattr(import_av().Packet, "set_sidedata")


class PacketWriter:
    """Writes packets to a new file.

    Args:
        path: the file; exists only once this has been made.
        time_base: seconds per tick.
        extradata: the encoder's parameter sets, which belong into the header of a container.

    Raises:
        OSError: the file cannot be written; so does every method.
    """

    def __init__(self, path: Path, *, time_base: Fraction, extradata: bytes | None) -> None:
        self._file: BinaryIO = path.open("xb")
        header = {
            "time_base": str(time_base),
            "extradata": None if extradata is None else base64.b64encode(extradata).decode(),
        }
        self._file.write(_MAGIC + json.dumps(header).encode() + b"\n")

    def write(self, packet: StoredPacket) -> None:
        """Append a packet."""
        sizes = len(packet.data), len(packet.alpha)
        self._file.write(_HEAD.pack(*packet[:4], *sizes))
        self._file.write(packet.data)
        self._file.write(packet.alpha)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


@dataclass(frozen=True)
class PacketFile:
    """A file of packets, read as often as needed.

    Args:
        path: the file.
        time_base: seconds per tick.
        extradata: the encoder's parameter sets.
    """

    path: Path
    time_base: Fraction
    extradata: bytes | None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the header of a file.

        Raises:
            VideoError: the file cannot be read, or is none of packets.
        """
        try:
            with path.open("rb") as file:
                if file.readline() != _MAGIC:
                    raise VideoError(f"{path}: is no file of packets that this version reads")
                header = json.loads(file.readline())
            coded = header["extradata"]
            extradata = None if coded is None else base64.b64decode(coded)
            return cls(path, Fraction(header["time_base"]), extradata)
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
            raise VideoError(f"{path}: cannot be read: {error}") from error

    def __iter__(self) -> Iterator[StoredPacket]:
        """The packets in the order of decoding.

        Raises:
            VideoError: the file ends within a packet.
        """
        with self.path.open("rb") as file:
            file.readline()
            file.readline()
            while head := file.read(_HEAD.size):
                if len(head) < _HEAD.size:
                    raise self._cut_off()
                pts, dts, duration, is_key, size, alpha_size = _HEAD.unpack(head)
                data, alpha = file.read(size), file.read(alpha_size)
                if len(data) < size or len(alpha) < alpha_size:
                    raise self._cut_off()
                yield StoredPacket(pts, dts, duration, bool(is_key), data, alpha)

    def times(self) -> Iterator[tuple[int, int]]:
        """When each packet is shown and decoded, in the order of decoding, without its content."""
        with self.path.open("rb") as file:
            file.readline()
            file.readline()
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                pts, dts, _, _, size, alpha_size = _HEAD.unpack(head)
                file.seek(size + alpha_size, 1)
                yield pts, dts

    def _cut_off(self) -> VideoError:
        return VideoError(f"{self.path}: is cut off; the segment has to be made again")
