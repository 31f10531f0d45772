"""Old names that keep working for a while, with a warning that says what to write instead.

For what the changelog of a release has named: registered parts and models
(:meth:`vfiblocks.registry.Registry.rename`), their options
(:meth:`~vfiblocks.registry.Registry.rename_option`), and functions and their keywords
(:func:`renamed_function`, :func:`renamed_keyword`).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class RenameWarning(FutureWarning):
    """An old name was used. Shown unless turned off: specs are run by people who wrote no code."""


@dataclass(frozen=True)
class Rename:
    """A name that has changed.

    Attributes:
        old: what to call it in the warning, such as "flow 'cascade'".
        new: what to write instead.
        since: version that has the new name, such as "0.2".
        until: first version without the old one.

    Raises:
        ValueError: a version is none, or ``until`` is not after ``since``.

    Example:
        >>> print(Rename("flow 'cascade'", "'context-cascade'", since="0.2", until="0.4"))
        flow 'cascade' is 'context-cascade' since 0.2; the old name goes away in 0.4
    """

    old: str
    new: str
    since: str
    until: str

    def __post_init__(self) -> None:
        if _numbers(self.since) >= _numbers(self.until):
            raise ValueError(f"{self.old}: until {self.until} must come after since {self.since}")
        NOTED.append(self)

    def __str__(self) -> str:
        return (
            f"{self.old} is {self.new} since {self.since}; the old name goes away in {self.until}"
        )

    def warn(self, *, stacklevel: int = 2) -> None:
        """Say so, on behalf of the caller's caller unless told otherwise."""
        warnings.warn(str(self), RenameWarning, stacklevel=stacklevel + 1)


NOTED: list[Rename] = []
"""Every rename of this process."""


def overdue(version: str) -> list[Rename]:
    """Renames whose time is over at a version, and whose old names are to be removed.

    >>> [rename.old for rename in overdue("0.1.0")]
    []
    """
    return [rename for rename in NOTED if _numbers(rename.until) <= _numbers(version)]


def renamed_function(
    old: str, function: Callable[P, R], *, since: str, until: str
) -> Callable[P, R]:
    """The function under its old name.

    Args:
        old: the old name alone, as in ``old_name = renamed_function("old_name", new_name, ...)``.
        function: the one that has the new name.
        since: version that has the new name.
        until: first version without the old one.

    Example:
        >>> def blend(images): return sum(images)
        >>> mix = renamed_function("mix", blend, since="0.2", until="0.4")
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     mix([1, 2])
        3
    """
    rename = Rename(f"{old}()", f"{function.__name__}()", since=since, until=until)

    @functools.wraps(function)
    def under_old_name(*args: P.args, **kwargs: P.kwargs) -> R:
        rename.warn()
        return function(*args, **kwargs)

    under_old_name.__doc__ = f"{rename}."
    return under_old_name


def renamed_keyword(
    old: str, new: str, *, since: str, until: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: the function takes a keyword under its old name, too.

    Args:
        old: the old keyword; no longer in the signature.
        new: the one that is.
        since: version that has the new name.
        until: first version without the old one.

    Raises:
        TypeError: when called with both.

    Example:
        >>> @renamed_keyword("times", "factor", since="0.2", until="0.4")
        ... def upsample(*, factor): return factor
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     upsample(times=3)
        3
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        who = f"{function.__name__}()"
        rename = Rename(f"{old} of {who}", new, since=since, until=until)

        @functools.wraps(function)
        def with_old_keyword(*args: P.args, **kwargs: P.kwargs) -> R:
            if old in kwargs:
                if new in kwargs:
                    raise TypeError(f"{who} got both {new} and {old}, its old name")
                rename.warn()
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return with_old_keyword

    return decorate


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".")[:2])
