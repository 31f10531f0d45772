"""Which items of a free-form folder are taken, and what counts as one scene."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from pathlib import Path

from lift15.data.sources.lists import inside, read_list
from vfiblocks.errors import DataError


@dataclass(frozen=True)
class Choice:
    """Picks items by name.

    Args:
        match: a shell pattern that the whole name has to match, ``*`` standing for ``/`` too.
        listed: path of a text file with one name per line; "" for all.

    Raises:
        DataError: the list cannot be read.

    Example:
        >>> Choice(match="street/*")(["street/a.mp4", "beach/b.mp4"])
        ['street/a.mp4']
    """

    match: str = "*"
    listed: str = ""
    _names: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        if self.listed:
            path = Path(self.listed)
            names = frozenset(inside(path, entry) for entry in read_list(path))
            object.__setattr__(self, "_names", names)

    def __call__(self, names: list[str]) -> list[str]:
        """Those of the names that are wanted, in their order."""
        return [
            name
            for name in names
            if fnmatch.fnmatchcase(name, self.match) and (not self.listed or name in self._names)
        ]

    def missing(self, names: list[str]) -> list[str]:
        """Listed names that do not exist, sorted."""
        return sorted(self._names - set(names))


class SceneNamer:
    r"""Gives items the name of their scene.

    Args:
        pattern: a regular expression that is looked for in the item's name; the scene is its first
            group, or all that it matched. Where it is not found, and for "", the scene is
            ``usual``.

    Raises:
        DataError: it is no regular expression.

    Example:
        >>> namer = SceneNamer(r"^(.*)_[a-z]\.mp4$")
        >>> namer("street_b.mp4", usual="street_b.mp4"), namer("car.mp4", usual="car.mp4")
        ('street', 'car.mp4')
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern) if pattern else None
        except re.error as error:
            raise DataError(f"scene={pattern!r} is no regular expression: {error}") from error

    def __call__(self, name: str, *, usual: str) -> str:
        """The scene of the item called ``name``."""
        found = self._pattern.search(name) if self._pattern else None
        if found is None:
            return usual
        return found[1] if found.re.groups and found[1] else found[0] or usual
