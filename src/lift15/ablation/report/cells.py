"""Fields of tables: what is read, with the numbers that it is made of."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from lift15.ablation.report.blocks import Cell, Column
from lift15.ablation.report.numbers import interval, p_value, plain, signed, with_spread
from lift15.evaluation.statistics import PairedComparison

SPREAD = ("", "sd", "seeds")
"""Parts of a mean over seeds."""

INTERVAL = ("", "low", "high")
"""Parts of a difference."""


def words(text: object) -> Cell:
    """No number."""
    return Cell(str(text))


def whole(count: int) -> Cell:
    """How many."""
    return Cell(f"{count:,}", (count,))


def number(value: float, unit: str = "", *, digits: int | None = None) -> Cell:
    """A number alone."""
    return Cell(plain(value, unit, digits=digits), (value,))


def over_seeds(values: Sequence[float], unit: str) -> Cell:
    """A mean over seeds with their standard deviation, which one seed does not have.

    >>> over_seeds([30.0, 31.0], "dB").text, over_seeds([30.0], "dB").text
    ('30.50 ± 0.71', '30.00 (one seed)')
    """
    if not values:
        return Cell("no scores yet")
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Cell(f"{plain(mean, unit)} (one seed)", (mean, math.nan, 1))
    spread = statistics.stdev(values) if all(map(math.isfinite, values)) else math.nan
    return Cell(with_spread(mean, spread, unit), (mean, spread, len(values)))


def difference(found: PairedComparison) -> Cell:
    """With its interval."""
    return spanned(found.difference, found.low, found.high, found.unit)


def spanned(value: float, low: float, high: float, unit: str) -> Cell:
    """A difference with an interval."""
    return Cell(f"{signed(value, unit)} {interval(low, high, unit)}", (value, low, high))


def chance(p: float) -> Cell:
    """A p-value."""
    return Cell(p_value(p), (p,))


def titled(title: str, unit: str) -> str:
    """With the unit in brackets.

    >>> titled("psnr", "dB"), titled("ssim", "")
    ('psnr (dB)', 'ssim')
    """
    return f"{title} ({unit})" if unit else title


WORDS = ()
ONE = ("",)


def columns(*named: tuple[str, tuple[str, ...]]) -> tuple[Column, ...]:
    """Columns from titles and parts."""
    return tuple(Column(title, parts) for title, parts in named)
