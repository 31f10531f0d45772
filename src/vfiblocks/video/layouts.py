"""What the planes of a pixel format hold, read from FFmpeg's name of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vfiblocks.video._av import import_av
from vfiblocks.video.color import FULL_RANGE, LIMITED_RANGE

_NAME = re.compile(r"(?:yuv([ja]?)(420|422|444)p|(gray)|gbr(a?)p)(?:(9|10|12|14|16|f16|f32)le)?")
_DEPTHS = (8, 10, 12, 14, 16)
_FLOAT = re.compile(r"f(16|32)(?:le|be)$")
_SAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}


@dataclass(frozen=True)
class Layout:
    """What the planes of a planar pixel format hold.

    Args:
        kind: ``"yuv"``, ``"gray"`` or ``"gbr"``.
        bits: bits per sample.
        chroma: columns and rows of luma per chroma sample, (2, 2) for 4:2:0.
        alpha: whether a last plane holds opacity.
        jpeg: whether the name itself says full range (yuvj420p and its kin).
        floating: whether samples are floating-point numbers (EXR), which mean linear light.
    """

    kind: str
    bits: int = 8
    chroma: tuple[int, int] = (1, 1)
    alpha: bool = False
    jpeg: bool = False
    floating: bool = False

    @classmethod
    def of(cls, pix_fmt: str) -> Layout | None:
        """The layout of a pixel format, or None where FFmpeg's scaler has to unpack it first.

        >>> Layout.of("yuv420p10le").bits, Layout.of("yuva444p12le").alpha
        (10, True)
        >>> Layout.of("nv12") is None
        True
        """
        match = _NAME.fullmatch(pix_fmt)
        if match is None:
            return None
        variant, sampling, gray, alpha, depth = match.groups()
        floating = bool(depth) and depth.startswith("f")
        if sampling:
            if floating:
                return None
            chroma = _SAMPLING[sampling]
            return cls("yuv", int(depth or 8), chroma, variant == "a", variant == "j")
        bits = int((depth or "8").lstrip("f"))
        return cls("gray" if gray else "gbr", bits, alpha=bool(alpha), floating=floating)

    @property
    def name(self) -> str:
        """FFmpeg's name of this layout."""
        if self.kind == "yuv":
            sampling = next(name for name, chroma in _SAMPLING.items() if chroma == self.chroma)
            variant = "j" if self.jpeg else "a" if self.alpha else ""
            stem = f"yuv{variant}{sampling}p"
        else:
            stem = "gray" if self.kind == "gray" else f"gbr{'a' if self.alpha else ''}p"
        if self.floating:
            return f"{stem}f{self.bits}le"
        return stem if self.bits == 8 else f"{stem}{self.bits}le"


def planar_layout(pix_fmt: str) -> Layout:
    """The planar layout that holds everything a pixel format can, itself if it is one.

    >>> planar_layout("nv12").name, planar_layout("bgra").name, planar_layout("rgb48be").name
    ('yuv420p', 'gbrap', 'gbrp16le')
    """
    known = Layout.of(pix_fmt)
    if known is not None:
        return known
    described = import_av().VideoFormat(pix_fmt, 16, 16)
    components = described.components
    colours = [component for component in components if not component.is_alpha]
    alpha = len(colours) < len(components) or described.has_palette
    if _FLOAT.search(pix_fmt):
        gray = len(colours) == 1 and not alpha
        return Layout("gray" if gray else "gbr", 32, alpha=alpha, floating=True)
    wanted = max(component.bits for component in components)
    bits = next((depth for depth in _DEPTHS if depth >= wanted), 16)
    if len(colours) == 3 and not described.is_rgb and not pix_fmt.startswith("xyz"):
        across = 16 // min(component.width for component in colours)
        down = 16 // min(component.height for component in colours)
        # 4:2:0 and 4:2:2 have their own layouts; rarer samplings are brought to 4:4:4
        chroma = (across, down) if (across, down) in ((2, 2), (2, 1)) else (1, 1)
        return Layout("yuv", bits, chroma, alpha, pix_fmt.startswith("yuvj"))
    if len(colours) == 1 and not alpha:
        return Layout("gray", bits)
    return Layout("gbr", bits, alpha=alpha)


def is_full_range(layout: Layout, color_range: int) -> bool:
    """Whether levels use the full range; unspecified means limited for YUV, full for the rest."""
    if layout.kind == "yuv":
        return layout.jpeg or color_range == FULL_RANGE
    return layout.kind == "gbr" or color_range != LIMITED_RANGE
