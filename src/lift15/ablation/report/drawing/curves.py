"""Learning curves: every run, one colour per variant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lift15.ablation.report.drawing.axis import Axis, bounds
from lift15.ablation.report.drawing.svg import Drawing, series
from lift15.ablation.results import Curve
from lift15.training.watching.curves import SMOOTHED, smooth

WIDTH, HEIGHT, LEFT, BOTTOM = 960.0, 300.0, 62.0, 40.0
POINTS = 300
"""A curve is drawn with so many points at most; more cannot be told apart on a screen."""


class Run(NamedTuple):
    """A curve to draw.

    Attributes:
        series: number of its variant.
        curve: the numbers.
        tip: what it is of.
        cut: whether it ended before it should.
    """

    series: int
    curve: Curve
    tip: str
    cut: bool


def curves(name: str, title: str, about: str, labels: Sequence[str], runs: Sequence[Run]) -> str:
    """Draw one quantity.

    Curves of many points are drawn faintly, with a smoothed one over them. The axis is logarithmic
    where positive numbers span more than a power of ten.

    Args:
        name: unique on the page.
        title: of the quantity.
        about: for screen readers.
        labels: of the series.
        runs: with a point at least.

    Returns:
        SVG.
    """
    drawing = Drawing(WIDTH, HEIGHT, name, title, about)
    used = sorted({run.series for run in runs})
    top = drawing.legend(LEFT, 12, [(labels[number], number) for number in used], right=WIDTH)
    floor = HEIGHT - BOTTOM
    values = [v for run in runs for _, v in run.curve if math.isfinite(v)]
    logarithmic = bool(values) and min(values) > 0 and max(values) > 10 * min(values)
    low, high = bounds(values)
    if logarithmic:
        low, high = min(values) * 0.9, max(values) * 1.1
    level = Axis(low, high, floor, top, logarithmic)
    last = max(step for run in runs for step, _ in run.curve)
    along = Axis(0.0, max(float(last), 1.0), LEFT, WIDTH - 14)
    drawing.grid_y(level, LEFT, WIDTH - 14)
    drawing.grid_x(along, top, floor)
    drawing.text((LEFT + WIDTH) / 2, floor + 34, "steps", anchor="middle", style="soft")
    for run in runs:
        _draw(drawing, run, along, level)
    return drawing.svg()


def _draw(drawing: Drawing, run: Run, along: Axis, level: Axis) -> None:
    shown = thinned(run.curve)
    points = _points(shown, along, level)
    if len(run.curve) > SMOOTHED:
        drawing.path(points, f"faint {series(run.series)}")
        span = len(run.curve) // SMOOTHED + 1
        smoothed = smooth([value for _, value in run.curve], span=span)
        steps = [step for step, _ in run.curve]
        points = _points(thinned(tuple(zip(steps, smoothed, strict=True))), along, level)
    drawing.path(points, f"line {series(run.series)}")
    known = [point for point in points if all(map(math.isfinite, point))]
    if not known:
        return
    if len(run.curve) <= 12:
        for x, y in known:
            drawing.dot(x, y, f"dot {series(run.series)}", shape=run.series, size=3, tip=run.tip)
    if run.cut:
        x, y = known[-1]
        for tilt in (-5, 5):
            drawing.line(x - 5, y - tilt, x + 5, y + tilt, f"line {series(run.series)}")


def _points(curve: Curve, along: Axis, level: Axis) -> list[tuple[float, float]]:
    return [
        (along(step), level(value) if math.isfinite(value) else math.nan) for step, value in curve
    ]


def thinned(curve: Curve) -> Curve:
    """At most :data:`POINTS` of the points, the last among them.

    >>> len(thinned(tuple((k, 0.0) for k in range(1000)))), thinned(((1, 2.0),))
    (300, ((1, 2.0),))
    """
    if len(curve) <= POINTS:
        return curve
    step = (len(curve) - 1) / (POINTS - 1)
    return tuple(curve[round(k * step)] for k in range(POINTS))


def panels(recorded: Sequence[Mapping[str, Curve]]) -> list[str]:
    """Which quantities are drawn: the whole loss, then whatever was validated.

    >>> some = ((1, 2.0),)
    >>> panels([{"validation/psnr": some, "loss/l1": some, "loss/total": some}])
    ['loss/total', 'validation/psnr']
    """
    names = dict.fromkeys(name for each in recorded for name, curve in each.items() if curve)
    first = [name for name in names if name == "loss/total"]
    return first + [name for name in names if name.startswith("validation/")]
