"""Parts announced by other installed packages, found through their entry points.

The only user of the ``entrypoints`` package. Its own ``get_group_all`` stops at the first malformed
metadata file of any distribution, related or not, and ``get_group_named`` settles collisions
silently; so the files are walked here, one guard per file, and collisions are kept for the registry
to report.
"""

from __future__ import annotations

import configparser
import functools
import os
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

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
            loaded = self._point.load()
        except (Exception, SystemExit) as error:  # the one broad guard: a plugin may fail in any
            # way it likes, a call to sys.exit() included
            problem = (
                f"{self.origin}: '{self.name}' = {self.target} ({type(error).__name__}: {error})"
            )
            _FAILED[self.origin, self.name, self.target] = problem
            raise PluginError(
                f"the plugin that announces '{self.name}' cannot be loaded; {problem}; "
                f"repair or uninstall {self.origin}"
            ) from error
        _FAILED.pop((self.origin, self.name, self.target), None)
        return loaded


# What failed to load so far, so that an unknown name can say why it is missing.
_FAILED: dict[tuple[str, str, str], str] = {}

Groups: TypeAlias = dict[str, dict[str, tuple[Announcement, ...]]]


class _Scan(NamedTuple):
    groups: Groups
    problems: tuple[str, ...]
    unreadable: tuple[str, ...]


def announcements(group: str) -> dict[str, tuple[Announcement, ...]]:
    """Name -> who announces it, for one entry-point group; nothing is imported."""
    return _scan(tuple(sys.path)).groups.get(group, {})


def groups() -> tuple[str, ...]:
    """Entry-point groups of vfiblocks that somebody announces into."""
    return tuple(sorted(_scan(tuple(sys.path)).groups))


def broken() -> tuple[str, ...]:
    """Plugins of vfiblocks that could not be used so far, one line each."""
    return (*_scan(tuple(sys.path)).problems, *_FAILED.values())


def unreadable() -> tuple[str, ...]:
    """Metadata files of packages unrelated to vfiblocks that could not be read, one line each.

    They harm nothing here and are kept for a diagnosis of the whole environment.
    """
    return _scan(tuple(sys.path)).unreadable


def rescan() -> None:
    """Forget what was found, after installing a package in a running process."""
    _scan.cache_clear()
    _FAILED.clear()


@functools.lru_cache(maxsize=4)
def _scan(path: tuple[str, ...]) -> _Scan:
    groups: Groups = {}
    problems: list[str] = []
    unreadable: list[str] = []
    seen: set[str] = set()
    for folder in _metadata_folders(path):
        project, version = _project(folder)
        if project in seen:  # the first on the path shadows the rest, as imports do
            continue
        seen.add(project)
        origin = f"{project} {version}".strip()
        metadata = folder / "entry_points.txt"
        try:
            config = _read(metadata)
        except (FileNotFoundError, NotADirectoryError):
            continue  # a package without entry points, as most are
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            reason = " ".join(str(error).split())
            problem = f"{origin}: unreadable {metadata} ({type(error).__name__}: {reason})"
            if _mentions_us(metadata):
                problems.append(problem)
                warnings.warn(f"vfiblocks plugin {problem}", stacklevel=2)
            else:
                unreadable.append(problem)
            continue
        for section in config.sections():
            if section.startswith(PREFIX):
                _collect(groups, problems, section, dict(config[section]), origin)
    return _Scan(groups, tuple(problems), tuple(unreadable))


def _collect(
    groups: Groups, problems: list[str], group: str, items: dict[str, str], origin: str
) -> None:
    for name, target in items.items():
        try:
            point = entrypoints.EntryPoint.from_string(target, name)
        except entrypoints.BadEntryPoint:
            problem = f"{origin}: '{name}' = {target!r} is not of the form module:object"
            problems.append(problem)
            warnings.warn(f"vfiblocks plugin {problem}", stacklevel=2)
            continue
        here = groups.setdefault(group, {})
        here[name] = (*here.get(name, ()), Announcement(name, target, origin, point))


def _metadata_folders(path: tuple[str, ...]) -> Iterator[Path]:
    for folder in path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:  # zip files, folders that are gone or closed to us
            continue
        for name in names:
            # pip renames to "~..." what it could not remove: such a package is not installed
            if name.endswith((".dist-info", ".egg-info")) and not name.startswith("~"):
                yield Path(folder, name)


def _project(folder: Path) -> tuple[str, str]:
    """Project and version of a metadata folder, the name in the one spelling pip compares by."""
    name, _, version = folder.stem.partition("-")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _read(metadata: Path) -> configparser.ConfigParser:
    # Without interpolation: a stray "%" in a target is a bad entry point, not a crash.
    config: configparser.ConfigParser = entrypoints.CaseSensitiveConfigParser(
        delimiters=("=",), interpolation=None
    )
    config.read_string(metadata.read_text(encoding="utf-8"), source=str(metadata))
    return config


def _mentions_us(metadata: Path) -> bool:
    try:
        return PREFIX.encode() in metadata.read_bytes()
    except OSError:
        return False
