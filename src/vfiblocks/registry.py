"""Named parts: one small class, an instance per stage, and for losses, metrics and models."""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from vfiblocks import plugins
from vfiblocks.errors import AssemblyError, PluginError, UnknownComponent
from vfiblocks.renames import Rename

if TYPE_CHECKING:
    from vfiblocks.aggregators.base import Aggregator
    from vfiblocks.blenders.base import Blender
    from vfiblocks.encoders.base import Encoder
    from vfiblocks.flows.base import FlowEstimator
    from vfiblocks.losses.base import Loss
    from vfiblocks.metrics.base import Metric
    from vfiblocks.refiners.base import Refiner
    from vfiblocks.spec import ModelSpec

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    origin: str


class Registry(Generic[T]):
    """Maps kebab-case names to parts, our own and those of installed plugins.

    Plugins are listed without being imported; a part's module is imported when its name is asked
    for.

    Args:
        stage: the word for one entry, as in "encoder".
        group: entry-point group that third parties use, such as "vfiblocks.encoders".
        base: name of the class in the module called ``group`` that every entry must derive from.

    Example:
        >>> colours = Registry[str]("colour", group="example.colours")
        >>> colours.add("warm-red", "#f00", origin="here")
        >>> colours.get("warm-red"), colours.names("warm-*")
        ('#f00', ('warm-red',))
    """

    def __init__(self, stage: str, *, group: str, base: str | None = None) -> None:
        self.stage = stage
        self.group = group
        self._base = base
        self._entries: dict[str, _Entry[T]] = {}
        self._renamed: dict[str, tuple[str, Rename]] = {}
        self._renamed_options: dict[tuple[str, str], tuple[str, Rename]] = {}

    def register(self, name: str) -> Callable[[U], U]:
        """Class decorator: make the class available under ``name``.

        Raises:
            PluginError: if the name is taken by something else; both origins are named.
        """

        def keep(value: U) -> U:
            module = getattr(value, "__module__", "unknown module")
            self.add(name, value, origin=str(module))  # type: ignore[arg-type]
            return value

        return keep

    def add(self, name: str, value: T, *, origin: str) -> None:
        """Make ``value`` available under ``name``; ``origin`` says where it comes from."""
        taken = self._entries.get(name)
        if taken is not None and taken.value is not value:
            raise PluginError(
                f"{self.stage} '{name}' is announced twice: by {taken.origin} and by {origin}; "
                "rename one of them"
            )
        self._entries[name] = _Entry(value, origin)

    def rename(self, old: str, new: str, *, since: str, until: str) -> None:
        """Let a name that has changed be found under the old one, with a warning.

        Args:
            old: no longer listed. A part that takes this name anew is found instead.
            new: the name it has now.
            since: version that has the new name, such as "0.2".
            until: first version without the old one.

        Example:
            >>> import warnings
            >>> colours = Registry[str]("colour", group="example.colours")
            >>> colours.add("warm-red", "#f00", origin="here")
            >>> colours.rename("hot-red", "warm-red", since="0.2", until="0.4")
            >>> colours.names()
            ('warm-red',)
            >>> with warnings.catch_warnings(record=True) as caught:
            ...     colours.get("hot-red")
            '#f00'
            >>> print(caught[0].message)
            colour 'hot-red' is 'warm-red' since 0.2; the old name goes away in 0.4
        """
        rename = Rename(f"{self.stage} '{old}'", f"'{new}'", since=since, until=until)
        self._renamed[old] = (new, rename)

    def rename_option(self, name: str, old: str, new: str, *, since: str, until: str) -> None:
        """Let an option of a part that has changed its name be given under the old one.

        Args:
            name: the part's name as it is now.
            old: the option's old name.
            new: the option's name now.
            since: version that has the new name, such as "0.2".
            until: first version without the old one.
        """
        who = f"option '{old}' of {self.stage} '{name}'"
        rename = Rename(who, f"'{new}'", since=since, until=until)
        self._renamed_options[name, old] = (new, rename)

    def current(self, name: str, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A part's name and options as they are called now; warns of old ones.

        Raises:
            AssemblyError: an option is given under both names.
        """
        name = self._current_name(name)
        found = {}
        for option, value in options.items():
            new, rename = self._renamed_options.get((name, option), (option, None))
            if rename is not None:
                if new in options:
                    raise AssemblyError(
                        f"{self.stage} '{name}' got both '{new}' and '{option}', its old name"
                    )
                rename.warn()
            found[new] = value
        return name, found

    def get(self, name: str) -> T:
        """The part under ``name``; imports its plugin if that is where it lives.

        Raises:
            UnknownComponent: with the nearest names, all names, and plugins that failed.
            PluginError: if the plugin that announces this very name is broken, or announces
                something else than a part of this stage, or if the name is announced twice.
        """
        name = self._current_name(name)
        announced = plugins.announcements(self.group).get(name, ())
        entry = self._entries.get(name)
        if entry is not None and not announced:
            return self._checked(name, entry).value
        if not announced:
            raise UnknownComponent(self._unknown(name))
        if len(announced) > 1:
            who = " and by ".join(a.origin for a in announced)
            raise PluginError(
                f"{self.stage} '{name}' is announced twice: by {who}; uninstall one of them"
            )
        loaded = announced[0].load()
        if entry is not None and entry.value is not loaded:
            raise PluginError(
                f"{self.stage} '{name}' is announced twice: by {entry.origin} and by "
                f"{announced[0].origin}; rename one of them"
            )
        self._entries[name] = self._checked(name, _Entry(loaded, announced[0].origin))
        return self._entries[name].value

    def names(self, pattern: str = "*") -> tuple[str, ...]:
        """All names that match a shell pattern, sorted; nothing is imported.

        Numbers sort by value: version 4.2 comes before 4.10.
        """
        known = set(self._entries) | set(plugins.announcements(self.group))
        return tuple(sorted(fnmatch.filter(known, pattern), key=_by_version))

    def origin(self, name: str) -> str:
        """Where a name comes from: a module of ours, or a distribution and its version.

        Raises:
            UnknownComponent: if nothing of that name is known.
        """
        name = self._current_name(name)
        announced = plugins.announcements(self.group).get(name)
        if announced:
            return " and ".join(a.origin for a in announced)
        if name in self._entries:
            return self._entries[name].origin
        raise UnknownComponent(self._unknown(name))

    def options(self, name: str) -> dict[str, Any]:
        """Keyword-only options of a part and their defaults, ``inspect.Parameter.empty`` if none.

        >>> FLOWS.options("context-cascade")["fine_stride"]
        4
        """
        return {
            option: parameter.default
            for option, parameter in inspect.signature(cast(Any, self.get(name))).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }

    def loaded(self) -> dict[str, T]:
        """Entries that are in memory, without asking any plugin to load."""
        return {name: entry.value for name, entry in self._entries.items()}

    def _current_name(self, name: str) -> str:
        """The name that a part has now; who took an old name anew has it."""
        if name not in self._renamed or name in self._entries:
            return name
        if name in plugins.announcements(self.group):
            return name
        new, rename = self._renamed[name]
        rename.warn(stacklevel=3)
        return new

    def _checked(self, name: str, entry: _Entry[T]) -> _Entry[T]:
        """Refuse what was announced by mistake: a module, an instance, a part of another stage."""
        if self._base is None:
            return entry
        # Looked up late: the package that holds the base class registers its parts here.
        base = getattr(importlib.import_module(self.group), self._base)
        value: Any = entry.value
        who = f"{self.stage} '{name}' of {entry.origin}"
        if not (isinstance(value, type) and issubclass(value, base)):
            kind, got = ("class", value) if isinstance(value, type) else ("a", type(value))
            raise PluginError(
                f"{who} must be a class derived from {self.group}.{self._base}, got "
                f"{kind} {got.__module__}.{got.__qualname__}"
            )
        if inspect.isabstract(value):
            missing = ", ".join(sorted(getattr(value, "__abstractmethods__", ())))
            raise PluginError(f"{who} does not define {missing}, which every {self.stage} must")
        return entry

    def _unknown(self, name: str) -> str:
        known = self.names()
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
        available = ", ".join(known) if known else "none"
        broken = plugins.broken()
        failed = f"; plugins that failed: {'; '.join(broken)}" if broken else ""
        return f"unknown {self.stage} {name!r}; {meant}available: {available}{failed}"


ENCODERS: Registry[type[Encoder]] = Registry("encoder", group="vfiblocks.encoders", base="Encoder")
AGGREGATORS: Registry[type[Aggregator]] = Registry(
    "aggregator", group="vfiblocks.aggregators", base="Aggregator"
)
FLOWS: Registry[type[FlowEstimator]] = Registry(
    "flow", group="vfiblocks.flows", base="FlowEstimator"
)
BLENDERS: Registry[type[Blender]] = Registry("blender", group="vfiblocks.blenders", base="Blender")
REFINERS: Registry[type[Refiner]] = Registry("refiner", group="vfiblocks.refiners", base="Refiner")

LOSSES: Registry[type[Loss]] = Registry("loss", group="vfiblocks.losses", base="Loss")
"""Terms of what training minimises; no stage, so that no spec names one."""

METRICS: Registry[type[Metric]] = Registry("metric", group="vfiblocks.metrics", base="Metric")
"""What predictions are judged by; no stage either."""

MODELS: Registry[ModelSpec] = Registry("model", group="vfiblocks.models")
"""Named specs; every one comes from a package's entry points, ours included."""

STAGE_REGISTRIES: dict[str, Registry[Any]] = {
    registry.stage: registry for registry in (ENCODERS, AGGREGATORS, FLOWS, BLENDERS, REFINERS)
}

PART_REGISTRIES: dict[str, Registry[Any]] = {
    **STAGE_REGISTRIES,
    LOSSES.stage: LOSSES,
    METRICS.stage: METRICS,
}
"""Everything that is chosen by name and made with options: stages' parts, losses, metrics."""


def _by_version(name: str) -> list[tuple[str, int]]:
    return [(text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
