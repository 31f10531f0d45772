"""The difference on every scene, from the worst to the best."""

from __future__ import annotations

from collections.abc import Sequence

from lift15.ablation.report.drawing.axis import Axis, bounds
from lift15.ablation.report.drawing.svg import Drawing
from lift15.ablation.report.numbers import signed
from lift15.evaluation.statistics import PairedComparison

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960.0, 260.0, 62.0, 12.0, 36.0


def differences(
    name: str,
    title: str,
    about: str,
    scenes: Sequence[str],
    values: Sequence[float],
    found: PairedComparison,
) -> str:
    """Draw one comparison.

    Args:
        name: unique on the page.
        title: for screen readers.
        about: the same.
        scenes: names, in the order of the values.
        values: mean difference on each scene, ascending.
        found: the mean, its interval, and which way is good.

    Returns:
        SVG.
    """
    drawing = Drawing(WIDTH, HEIGHT, name, title, about)
    right, floor = WIDTH - 12, HEIGHT - BOTTOM
    level = Axis(*bounds([*values, 0.0, found.low, found.high]), floor, TOP)
    along = Axis(-0.5, len(values) - 0.5, LEFT, right)
    top, low = level(found.high), level(found.low)
    drawing.box(LEFT, top, right - LEFT, max(low - top, 1.0), "band")
    drawing.grid_y(level, LEFT, right, count=4)
    drawing.line(LEFT, level(0.0), right, level(0.0), "axis")
    wide = (right - LEFT) / len(values)
    for place, (scene, value) in enumerate(zip(scenes, values, strict=True)):
        style = _style(value, found.better)
        x = along(place)
        if wide >= 4:
            drawing.line(x, level(0.0), x, level(value), f"line {style}")
        tip = f"{scene}: {signed(value, found.unit)} {found.unit}".strip()
        size = min(4.0, max(1.5, wide / 3))
        drawing.dot(x, level(value), f"dot {style}", size=size, tip=tip)
    drawing.line(LEFT, level(found.difference), right, level(found.difference), "edge")
    label = f"difference ({found.unit})" if found.unit else "difference"
    drawing.text(14, (TOP + floor) / 2, label, anchor="middle", style="soft", turned=True)
    drawing.text(
        (LEFT + right) / 2, floor + 24, f"{len(values):,} scenes, sorted",
        anchor="middle", style="soft",
    )  # fmt: skip
    return drawing.svg()


def _style(value: float, better: str) -> str:
    if value == 0:
        return "neutral"
    return "good" if (value > 0) == (better == "higher") else "bad"
