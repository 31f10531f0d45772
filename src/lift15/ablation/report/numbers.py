"""Numbers as people read them: no more digits than their uncertainty lets stand."""

from __future__ import annotations

import math
from datetime import UTC, datetime

DIGITS = {"dB": 2, "levels": 3, "px": 3}
"""Decimals of a mean by its unit; four for others, as papers print SSIM and LPIPS."""

FINEST = 2
"""So many decimals more may a small spread bring, or a difference have."""


def digits_of(unit: str) -> int:
    """Decimals of a mean in this unit."""
    return DIGITS.get(unit, 4)


def plain(value: float, unit: str = "", *, digits: int | None = None) -> str:
    """A number alone.

    >>> plain(31.256, "dB"), plain(0.93217), plain(float("nan")), plain(float("inf"), "dB")
    ('31.26', '0.9322', 'undefined', 'infinite')
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return f"{value:.{digits_of(unit) if digits is None else digits}f}"


def with_spread(value: float, spread: float, unit: str = "") -> str:
    """A mean and the standard deviation of what it is the mean of, which has two digits.

    >>> with_spread(31.2561, 0.0312, "dB"), with_spread(31.2561, 0.2, "dB")
    ('31.256 ± 0.031', '31.26 ± 0.20')
    """
    if not (math.isfinite(value) and math.isfinite(spread)):
        return f"{plain(value, unit)} ± {plain(spread, unit)}"
    digits = digits_of(unit)
    if spread > 0:
        second = 1 - math.floor(math.log10(spread))
        digits = min(max(second, digits), digits + FINEST)
    return f"{value:.{digits}f} ± {spread:.{digits}f}"


def signed(value: float, unit: str = "") -> str:
    """A difference, with its sign.

    >>> signed(0.25, "dB"), signed(-0.0012345)
    ('+0.250', '-0.00123')
    """
    return f"{value:+.{digits_of(unit) + 1}f}" if math.isfinite(value) else plain(value)


def interval(low: float, high: float, unit: str = "") -> str:
    """Both ends.

    >>> interval(-0.1, 0.25, "dB")
    '[-0.100, +0.250]'
    """
    return f"[{signed(low, unit)}, {signed(high, unit)}]"


def p_value(p: float) -> str:
    """Two digits, and none of the size of a p that no model of noise is good for.

    >>> p_value(0.0123), p_value(0.5), p_value(1e-9)
    ('0.012', '0.50', '<0.001')
    """
    if math.isnan(p):
        return "undefined"
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_said(p: float) -> str:
    """The same in a sentence.

    >>> p_said(0.5), p_said(0.0)
    ('p = 0.50', 'p < 0.001')
    """
    return f"p < {p_value(p)[1:]}" if p < 0.001 else f"p = {p_value(p)}"


def measured(value: float, unit: str) -> str:
    """With its unit behind it, if it has one.

    >>> measured(0.05, "dB"), measured(0.05, "")
    ('0.05 dB', '0.05')
    """
    return f"{value:g} {unit}".strip()


def counted(count: int, one: str, many: str = "") -> str:
    """How many of what.

    >>> counted(1, "scene"), counted(1200, "scene"), counted(2, "loss", "losses")
    ('1 scene', '1,200 scenes', '2 losses')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """In the two units that matter.

    >>> duration(42.3), duration(192), duration(7380), duration(200_000)
    ('42 s', '3 min 12 s', '2 h 3 min', '2 d 7 h')
    """
    whole = round(seconds)
    for size, unit, part, smaller in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def capital(text: str) -> str:
    """As a sentence begins.

    >>> capital("held-out clips")
    'Held-out clips'
    """
    return text[:1].upper() + text[1:]


def moment(text: str) -> str:
    """A time as it is written down, as people read it; other texts stay.

    >>> moment("2026-01-01T10:00:00+0000"), moment("yesterday")
    ('2026-01-01 10:00 UTC', 'yesterday')
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return f"{when:%Y-%m-%d %H:%M}{' UTC' if when.tzinfo else ''}"


def listed(words: list[str] | tuple[str, ...]) -> str:
    """An enumeration.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a, b and c', 'none')
    """
    if len(words) < 2:
        return words[0] if words else "none"
    return f"{', '.join(words[:-1])} and {words[-1]}"
