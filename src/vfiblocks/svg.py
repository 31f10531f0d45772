"""Boxes, lines and words as a self-contained SVG file, legible in light and in dark."""

from __future__ import annotations

import html
import textwrap

# Colours stand in classes and not in variables, so that plain renderers show the light ones too.
_LIGHT = {
    "ground": "#ffffff", "text": "#1d2126", "soft": "#5a626b", "box": "#f1f3f6", "rule": "#9aa3ad",
    "pixels": "#5a626b", "features": "#2a62a8", "context": "#a04a86", "motion": "#c2500a",
    "draft": "#00794f",
}  # fmt: skip
_DARK = {
    "ground": "#16191d", "text": "#e4e7ea", "soft": "#a2abb4", "box": "#242a31", "rule": "#69737e",
    "pixels": "#a2abb4", "features": "#7fb2f5", "context": "#e090c8", "motion": "#ff9a5c",
    "draft": "#45c496",
}  # fmt: skip
KINDS = ("pixels", "features", "context", "motion", "draft")
"""Classes of lines, one colour each: 4.5 : 1 or more against the ground in both schemes."""


class Drawing:
    """What is drawn, piece by piece; what comes first lies below.

    Args:
        width: in pixels.
        height: in pixels.
        title: what a screen reader says first.
        about: what is to be seen, in sentences.

    Example:
        >>> drawing = Drawing(100, 40, "two words", "A box.")
        >>> drawing.text(10, 20, "a < b")
        >>> "a &lt; b" in drawing.svg(), drawing.svg().count("http")
        (True, 1)
    """

    def __init__(self, width: int, height: int, title: str, about: str) -> None:
        self.width, self.height = width, height
        self._words = f"<title>{_escaped(title)}</title>\n<desc>{_escaped(about)}</desc>"
        self._parts: list[str] = []

    def box(self, x: int, y: int, width: int, height: int) -> None:
        """A rectangle with round corners."""
        size = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        self._parts.append(f'<rect class="box" {size} rx="6"/>')

    def path(self, steps: str, kind: str) -> None:
        """A line; ``kind`` is one of :data:`KINDS`."""
        self._parts.append(f'<path class="line {kind}" d="{steps}"/>')

    def shape(self, steps: str, kind: str) -> None:
        """A filled outline."""
        self._parts.append(f'<path class="fill {kind}" d="{steps}"/>')

    def dot(self, x: int, y: int, kind: str) -> None:
        """Where one line joins another."""
        self._parts.append(f'<circle class="fill {kind}" cx="{x}" cy="{y}" r="3"/>')

    def text(self, x: int, y: int, words: str, style: str = "", *, more: str = "") -> None:
        """One line of words; ``style`` is "strong", "soft" or nothing, ``more`` follows softly."""
        kind = f' class="{style}"' if style else ""
        tail = f'<tspan class="soft" dx="8">{_escaped(more)}</tspan>' if more else ""
        self._parts.append(f'<text x="{x}" y="{y}"{kind}>{_escaped(words)}{tail}</text>')

    def svg(self) -> str:
        """The file."""
        size = f'viewBox="0 0 {self.width} {self.height}" width="{self.width}"'
        body = "\n".join(self._parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} height="{self.height}">\n'
            f"{self._words}\n<style>{_style()}</style>\n"
            f'<rect class="ground" width="{self.width}" height="{self.height}"/>\n{body}\n</svg>\n'
        )


def wrap(words: str, room: int, letter: float) -> list[str]:
    """Break words into lines that fit into ``room`` pixels, after a comma only if they must.

    >>> wrap("slope=0.1 channels=(8, 16)", 120, 6.3)
    ['slope=0.1', 'channels=(8, 16)']
    """
    held = words.replace(", ", ",\N{NO-BREAK SPACE}")
    lines = textwrap.wrap(held, max(int(room / letter), 1), break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _style() -> str:
    fixed = (
        "text{font:12px system-ui,'Segoe UI',Helvetica,Arial,sans-serif}"
        ".strong{font-weight:600}tspan{font-weight:400}"
        ".line{fill:none;stroke-width:1.6;stroke-linejoin:round}.box{stroke-width:1}"
    )
    dark = f"@media (prefers-color-scheme:dark){{{_colours(_DARK)}}}"
    return f"{fixed}{_colours(_LIGHT)}{dark}"


def _colours(scheme: dict[str, str]) -> str:
    kinds = "".join(
        f".line.{kind}{{stroke:{scheme[kind]}}}.fill.{kind}{{fill:{scheme[kind]}}}"
        for kind in KINDS
    )
    return (
        f".ground{{fill:{scheme['ground']}}}text{{fill:{scheme['text']}}}"
        f".soft{{fill:{scheme['soft']}}}.box{{fill:{scheme['box']};stroke:{scheme['rule']}}}{kinds}"
    )


def _escaped(text: str) -> str:
    return html.escape("".join(c if c.isprintable() else " " for c in text))
