"""Parts announced by other installed packages, found through their entry points.

The only user of the ``entrypoints`` package. Its own ``get_group_all`` stops at the first malformed
metadata file of any distribution, related or not, and ``get_group_named`` settles collisions
silently; so the files are walked here, one guard per file, and collisions are kept for the registry
to report.
"""

from __future__ import annotations

import configparser
import functools
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import entrypoints

from vfiblocks.errors import PluginError

PREFIX = "vfiblocks."


@dataclass(frozen=True)
class Announcement:
    """One entry point of one distribution, not imported yet."""

    name: str
    target: str
    origin: str
    _point: Any

    def load(self) -> Any:
        """Import the announced object.

        Raises:
            PluginError: whatever goes wrong inside the plugin, with its distribution named.
        """
        try:
            return self._point.load()
        except Exception as error:  # the one broad guard: a plugin may fail in any way it likes
            problem = (
                f"{self.origin}: '{self.name}' = {self.target} ({type(error).__name__}: {error})"
            )
            _FAILED[(self.origin, self.name)] = problem
            raise PluginError(
                f"the plugin that announces '{self.name}' cannot be loaded; {problem}; "
                f"repair or uninstall {self.origin}"
            ) from error


# What failed to load so far, so that an unknown name can say why it is missing.
_FAILED: dict[tuple[str, str], str] = {}


def announcements(group: str) -> dict[str, tuple[Announcement, ...]]:
    """Name -> who announces it, for one entry-point group; nothing is imported."""
    return _scan(tuple(sys.path))[0].get(group, {})


def broken() -> tuple[str, ...]:
    """Plugins and metadata files that could not be used, one line each."""
    return (*_scan(tuple(sys.path))[1], *_FAILED.values())


def groups() -> tuple[str, ...]:
    """Entry-point groups of vfiblocks that somebody announces into."""
    return tuple(sorted(_scan(tuple(sys.path))[0]))


def rescan() -> None:
    """Forget what was found, after installing a package in a running process."""
    _scan.cache_clear()
    _FAILED.clear()


@functools.lru_cache(maxsize=4)
def _scan(
    path: tuple[str, ...],
) -> tuple[dict[str, dict[str, tuple[Announcement, ...]]], tuple[str, ...]]:
    found: dict[str, dict[str, tuple[Announcement, ...]]] = {}
    problems: list[str] = []
    seen: set[str] = set()
    for metadata in _metadata_files(path):
        project, _, version = metadata.parent.stem.partition("-")
        if project in seen:  # the first on the path shadows the rest, as imports do
            continue
        seen.add(project)
        try:
            config = entrypoints.CaseSensitiveConfigParser(delimiters=("=",))
            config.read_string(metadata.read_text(encoding="utf-8"), source=str(metadata))
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            # Worth a warning only if it was meant for us; an unrelated package is none of our
            # business, though `vfi doctor` lists it.
            problem = f"{project}: unreadable metadata ({type(error).__name__})"
            problems.append(problem)
            if _mentions_us(metadata):
                warnings.warn(f"vfiblocks plugin {problem}", stacklevel=2)
            continue
        origin = f"{project} {version}".strip()
        for section in config.sections():
            if section.startswith(PREFIX):
                _collect(found, problems, section, dict(config[section]), origin)
    return found, tuple(problems)


def _collect(
    found: dict[str, dict[str, tuple[Announcement, ...]]],
    problems: list[str],
    group: str,
    items: dict[str, str],
    origin: str,
) -> None:
    for name, target in items.items():
        try:
            point = entrypoints.EntryPoint.from_string(target, name)
        except entrypoints.BadEntryPoint:
            problem = f"{origin}: '{name}' = {target!r} is not of the form module:object"
            problems.append(problem)
            warnings.warn(f"vfiblocks plugin {problem}", stacklevel=2)
            continue
        here = found.setdefault(group, {})
        here[name] = (*here.get(name, ()), Announcement(name, target, origin, point))


def _metadata_files(path: tuple[str, ...]) -> Iterator[Path]:
    for folder in path:
        root = Path(folder or ".")
        if not root.is_dir():
            continue
        for kind in ("*.dist-info", "*.egg-info"):
            yield from sorted(root.glob(f"{kind}/entry_points.txt"))


def _mentions_us(metadata: Path) -> bool:
    try:
        return PREFIX.encode() in metadata.read_bytes()
    except OSError:
        return False
