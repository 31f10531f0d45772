"""One part of what is minimised: how much it counts, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from vfiblocks.errors import TrainingError


@dataclass(frozen=True)
class Term:
    """A loss, its weight, and the stretch of training in which it counts.

    Args:
        part: a :class:`vfiblocks.losses.Loss`, or RIFE's objective.
        weight: above zero.
        starts: share of training, in [0, 1), from which on it counts; None is from the beginning.
        ends: share of training, in (0, 1], from which on it counts no more; None is never.
        ramp: share of training over which the weight rises from zero after ``starts`` and falls to
            zero before ``ends``, where those are given; 0 is at once.

    Raises:
        TrainingError: for a weight or times that are none.

    Example:
        >>> from vfiblocks.losses import L1
        >>> late = Term(L1(), 0.5, starts=0.2, ramp=0.1)
        >>> [round(late.at(progress), 3) for progress in (0.0, 0.2, 0.25, 0.3, 1.0)]
        [0.0, 0.0, 0.25, 0.5, 0.5]
    """

    part: nn.Module
    weight: float = 1.0
    starts: float | None = None
    ends: float | None = None
    ramp: float = 0.0

    def __post_init__(self) -> None:
        if not (_is_number(self.weight) and self.weight > 0):
            raise TrainingError(
                f"a term of an objective wants a weight above zero, got {self.weight!r}; leave out "
                "a term that shall not count"
            )
        start, end = self._stretch
        if not all(_is_number(time) for time in (start, end, self.ramp)) or not (
            0 <= start < end <= 1 and 0 <= self.ramp <= 1
        ):
            raise TrainingError(
                "a term of an objective counts from one share of training until a later one, "
                "0 <= from < until <= 1, and its ramp is a share of training as well, got "
                f"from={self.starts}, until={self.ends}, ramp={self.ramp}"
            )

    def at(self, progress: float) -> float:
        """The weight when this share of training is done, from 0 to 1."""
        start, end = self._stretch
        if progress < start or progress >= end < 1:
            return 0.0
        share = 1.0
        if self.ramp and self.starts is not None:
            share = min(share, (progress - start) / self.ramp)
        if self.ramp and self.ends is not None:
            share = min(share, (end - progress) / self.ramp)
        return self.weight * share

    @property
    def corners(self) -> tuple[float, ...]:
        """Times between which the weight changes linearly or not at all."""
        start, end = self._stretch
        return start, min(start + self.ramp, 1.0), max(end - self.ramp, 0.0), end

    @property
    def _stretch(self) -> tuple[float, float]:
        return (
            0.0 if self.starts is None else self.starts,
            1.0 if self.ends is None else self.ends,
        )


def gap_in(terms: Iterable[Term]) -> float | None:
    """The first share of training at which no term counts; None if some term always does.

    Example:
        >>> from vfiblocks.losses import L1
        >>> gap_in([Term(L1(), ends=0.5), Term(L1(), starts=0.75)])
        0.5
    """
    terms = list(terms)
    corners = sorted({0.0, 1.0, *(time for term in terms for time in term.corners)})
    between = [(a + b) / 2 for a, b in pairwise(corners)]
    moments = sorted({*corners, *between})
    return next((time for time in moments if not any(term.at(time) for term in terms)), None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
