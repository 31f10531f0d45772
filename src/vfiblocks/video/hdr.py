"""HDR10's static metadata: the screen a video was graded on, and how bright it gets.

FFmpeg hands both to us beside the first picture. PyAV cannot attach them to an output, but x264,
x265 and SVT-AV1 write them themselves when told in their own options.

Sources: SMPTE ST 2086, CTA-861.3; the layouts of FFmpeg's AVMasteringDisplayMetadata and
AVContentLightMetadata.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

_ENCODER_OPTIONS = {
    "libx264": "x264-params",
    "libx265": "x265-params",
    "libsvtav1": "svtav1-params",
}


@dataclass(frozen=True)
class HdrMetadata:
    """Static HDR metadata.

    Args:
        primaries: (x, y) chromaticities of red, green and blue; None if not stated.
        white: (x, y) of the white point; None if not stated.
        luminance: darkest and brightest of the screen in cd/m2; None if not stated.
        light_level: MaxCLL and MaxFALL in cd/m2; None if not stated.
    """

    primaries: tuple[tuple[Fraction, Fraction], ...] | None = None
    white: tuple[Fraction, Fraction] | None = None
    luminance: tuple[Fraction, Fraction] | None = None
    light_level: tuple[int, int] | None = None

    @property
    def has_display(self) -> bool:
        """Whether the screen is described in full, as encoders want it."""
        return None not in (self.primaries, self.white, self.luminance)

    def encoder_options(self, codec: str) -> dict[str, str] | None:
        """The option by which an encoder is told, None if it has none.

        >>> HdrMetadata(light_level=(1000, 400)).encoder_options("libx265")
        {'x265-params': 'max-cll=1000,400'}
        >>> HdrMetadata(light_level=(1000, 400)).encoder_options("prores_ks") is None
        True
        """
        option = _ENCODER_OPTIONS.get(codec)
        if option is None:
            return None
        words = _WORDS[codec]
        parts = []
        if self.has_display:
            parts.append(f"{words[0]}={self._display(exact=codec == 'libsvtav1')}")
        if self.light_level is not None:
            parts.append(f"{words[1]}={self.light_level[0]},{self.light_level[1]}")
        return {option: ":".join(parts)} if parts else {}

    def _display(self, *, exact: bool) -> str:
        """``G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)``, in units of ST 2086 or as plain numbers."""
        assert self.primaries is not None
        assert self.white is not None
        assert self.luminance is not None

        def pair(a: Fraction, b: Fraction, unit: int) -> str:
            if exact:
                return f"({float(a):.6f},{float(b):.6f})"
            return f"({round(a * unit)},{round(b * unit)})"

        red, green, blue = (pair(*point, 50000) for point in self.primaries)
        darkest, brightest = self.luminance
        return (
            f"G{green}B{blue}R{red}WP{pair(*self.white, 50000)}L{pair(brightest, darkest, 10000)}"
        )


_WORDS = {
    "libx264": ("mastering-display", "cll"),
    "libx265": ("master-display", "max-cll"),
    "libsvtav1": ("mastering-display", "content-light"),
}


def hdr_of_picture(picture: Any) -> HdrMetadata | None:
    """The static HDR metadata beside a decoded picture, or None."""
    try:
        display = picture.side_data.get("MASTERING_DISPLAY_METADATA")
        level = picture.side_data.get("CONTENT_LIGHT_LEVEL")
    except ValueError:  # a kind of side data that this PyAV has no name for
        return None
    if display is None and level is None:
        return None
    primaries = white = luminance = light_level = None
    if display is not None:
        numbers = struct.unpack("=22i", bytes(display)[:88])
        ratios = [_ratio(*numbers[i : i + 2]) for i in range(0, 20, 2)]
        if numbers[20]:
            primaries = ((ratios[0], ratios[1]), (ratios[2], ratios[3]), (ratios[4], ratios[5]))
            white = (ratios[6], ratios[7])
        if numbers[21]:
            luminance = (ratios[8], ratios[9])
    if level is not None:
        light_level = struct.unpack("=2I", bytes(level)[:8])
    return HdrMetadata(primaries, white, luminance, light_level)


def has_dynamic_hdr(picture: Any) -> bool:
    """Whether a picture brings HDR metadata of its own (HDR10+, Dolby Vision)."""
    try:
        kinds = ("DYNAMIC_HDR_PLUS", "DOVI_RPU_BUFFER", "DOVI_METADATA", "DYNAMIC_HDR_VIVID")
        return any(picture.side_data.get(kind) is not None for kind in kinds)
    except (ValueError, KeyError):
        return False


def _ratio(numerator: int, denominator: int) -> Fraction:
    return Fraction(numerator, denominator) if denominator else Fraction(0)
