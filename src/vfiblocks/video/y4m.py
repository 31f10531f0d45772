"""The header of a YUV4MPEG2 stream: the plainest way for programs to hand video to each other.

One line says size, rate and format; then each frame is the word FRAME, a line end, and its planes.
Formats and tags are those of FFmpeg's reader and writer, little-endian above 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vfiblocks.video.color import FULL_RANGE, LIMITED_RANGE

MAGIC = b"YUV4MPEG2"
FRAME = b"FRAME"
_LARGEST = 2**15  # columns or rows
_SITED = ("420", "420jpeg", "420mpeg2", "420paldv")


@dataclass(frozen=True)
class Y4mHeader:
    """What the first line says.

    Args:
        width: columns.
        height: rows.
        rate: frames per second.
        pix_fmt: FFmpeg's name of the format.
        aspect: width over height of a pixel; None if unknown.
        color_range: 1 limited, 2 full, 0 unsaid.
        interlaced: whether frames are fields.
    """

    width: int
    height: int
    rate: Fraction
    pix_fmt: str = "yuv420p"
    aspect: Fraction | None = None
    color_range: int = 0
    interlaced: bool = False

    @classmethod
    def parse(cls, line: bytes) -> Y4mHeader:
        """Read the first line of a stream, without its line end.

        Raises:
            ValueError: it is none, or lacks what is needed; the message says what is wrong.

        Example:
            >>> Y4mHeader.parse(b"YUV4MPEG2 W8 H6 F30000:1001 Ip A1:1 C420p10").pix_fmt
            'yuv420p10le'
        """
        magic, *fields = line.decode("ascii", "replace").split(" ")
        if magic.encode() != MAGIC:
            raise ValueError("it does not begin with YUV4MPEG2")
        said = {field[0]: field[1:] for field in fields if field and field[0] != "X"}
        extras = [field[1:] for field in fields if field.startswith("X")]
        width, height = (
            _number(said.get(key), name) for key, name in (("W", "width"), ("H", "height"))
        )
        rate = _ratio(said.get("F"))
        if rate is None:
            raise ValueError("it states no frame rate")
        ranges = {"COLORRANGE=FULL": FULL_RANGE, "COLORRANGE=LIMITED": LIMITED_RANGE}
        return cls(
            width,
            height,
            rate,
            _pix_fmt_of(said.get("C", "420jpeg")),
            _ratio(said.get("A")),
            next((ranges[extra] for extra in extras if extra in ranges), 0),
            said.get("I", "p") not in ("p", "?"),
        )

    def line(self) -> bytes:
        r"""The first line of a stream, with its line end.

        >>> Y4mHeader(8, 6, Fraction(25), "gray16le", color_range=2).line()
        b'YUV4MPEG2 W8 H6 F25:1 Ip A0:0 Cmono16 XCOLORRANGE=FULL\n'
        """
        aspect = self.aspect or Fraction(0)
        ratio = f"{aspect.numerator}:{aspect.denominator if aspect else 0}"
        words = [
            MAGIC.decode(),
            f"W{self.width}",
            f"H{self.height}",
            f"F{self.rate.numerator}:{self.rate.denominator}",
            "Ip",
            f"A{ratio}",
            f"C{Y4M_FORMATS[self.pix_fmt]}",
        ]
        if self.color_range:
            words.append(f"XCOLORRANGE={'FULL' if self.color_range == FULL_RANGE else 'LIMITED'}")
        return " ".join(words).encode() + b"\n"


def _formats() -> dict[str, str]:
    formats = {"yuv420p": "420mpeg2", "yuv422p": "422", "yuv444p": "444", "yuv411p": "411"}
    formats |= {"yuva444p": "444alpha", "gray": "mono"}
    for bits in (9, 10, 12, 14, 16):
        formats |= {f"yuv{s}p{bits}le": f"{s}p{bits}" for s in ("420", "422", "444")}
        if bits != 14:  # which FFmpeg does not know
            formats[f"gray{bits}le"] = f"mono{bits}"
    return formats


#: FFmpeg's pixel formats, and what a header calls them.
Y4M_FORMATS = _formats()


def _pix_fmt_of(tag: str) -> str:
    if tag in _SITED:
        return "yuv420p"
    for pix_fmt, known in Y4M_FORMATS.items():
        if tag == known:
            return pix_fmt
    raise ValueError(f"its pixel format {tag!r} is not known")


def _number(text: str | None, name: str) -> int:
    if text is None or not text.isdecimal() or not 0 < int(text[:9]) <= _LARGEST:
        raise ValueError(f"it states no {name} between 1 and {_LARGEST}")
    return int(text[:9])


def _ratio(text: str | None) -> Fraction | None:
    above, _, below = (text or "").partition(":")
    if not (above.isdecimal() and below.isdecimal() and int(below[:10]) and int(above[:10])):
        return None
    return Fraction(int(above[:10]), int(below[:10]))
