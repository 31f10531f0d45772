"""Model specs: what is assembled from what, as plain data.

Frozen dataclasses are the source of truth; JSON is the stored form, TOML a form for people. A spec
holds names and plain values only: no import path, no code, nothing that runs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from vfiblocks.errors import SpecError
from vfiblocks.notebook import html_table
from vfiblocks.window import Window

STAGES = ("encoder", "aggregator", "flow", "blender", "refiner")
REQUIRED = ("flow", "blender")
FORMAT = 1

Value: TypeAlias = bool | int | float | str | tuple["Value", ...] | None


@dataclass(frozen=True)
class Part:
    """One registered part and its options.

    Example:
        >>> Part("transformer", layers=2)
        Part('transformer', layers=2)
        >>> Part("transformer", layers=2).replace(window=8)
        Part('transformer', layers=2, window=8)
    """

    name: str
    options: Mapping[str, Value] = field(default_factory=dict)

    def __init__(self, name: str, /, **options: Any) -> None:
        if not isinstance(name, str) or not name:
            raise SpecError(f"a part is chosen by its registered name, got {name!r}")
        object.__setattr__(self, "name", name)
        plain = {
            key: _plain(value, f"option '{key}' of '{name}'") for key, value in options.items()
        }
        object.__setattr__(self, "options", MappingProxyType(plain))

    def replace(self, **options: Any) -> Part:
        """The same part with some options changed."""
        return Part(self.name, **{**self.options, **options})

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.options.items(), key=lambda item: item[0]))))

    def __repr__(self) -> str:
        options = "".join(f", {key}={value!r}" for key, value in self.options.items())
        return f"Part({self.name!r}{options})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _part, (self.name, dict(self.options))


def _part(name: str, options: dict[str, Any]) -> Part:
    return Part(name, **options)


def in_words(part: Part, cls: Any) -> str:
    """A part's name, and those of its options that are not the defaults of its class.

    >>> def make(upstream, *, layers=6, dim=256): ...
    >>> in_words(Part("transformer", layers=2, dim=256), make)
    'transformer layers=2'
    """
    known = inspect.signature(cls).parameters
    changed = [
        f" {key}={value!r}"
        for key, value in part.options.items()
        if key not in known or value != known[key].default
    ]
    return part.name + "".join(changed)


@dataclass(frozen=True)
class ModelSpec:
    """Five slots, filled or empty, and the window the model was designed for.

    Args:
        flow: estimates motion; always there.
        blender: turns motion into a draft; always there.
        encoder: makes features; None for models that read pixels only.
        aggregator: distils context from all frames; None for two-frame models.
        refiner: finishes the picture at full resolution; None if the draft is the result.
        window: the layout used when a call gives none.
        description: one line for listings; not part of the fingerprint.

    Example:
        >>> spec = ModelSpec(flow=Part("classical"), blender=Part("visibility"))
        >>> spec.override(blender="average")
        ModelSpec(
            flow=Part('classical'),
            blender=Part('average'),
            window=Window(positions=(-1, 1), target=0),
        )
    """

    flow: Part
    blender: Part
    encoder: Part | None = None
    aggregator: Part | None = None
    refiner: Part | None = None
    window: Window = field(default_factory=lambda: Window.even(1, 1))
    description: str = ""

    def __post_init__(self) -> None:
        for stage in STAGES:
            part = getattr(self, stage)
            if stage in REQUIRED and part is None:
                raise SpecError(f"a model needs a {stage}; this spec leaves it empty")
            if part is not None and not isinstance(part, Part):
                raise SpecError(
                    f"{stage} must be a Part, got {part!r}; write Part({part!r}) or use override()"
                )
        if not isinstance(self.window, Window):
            raise SpecError(f"window must be a Window, got {self.window!r}")

    def __repr__(self) -> str:
        lines = [f"{stage}={part!r}" for stage, part in self.parts()]
        lines.append(f"window={self.window!r}")
        if self.description:
            lines.append(f"description={self.description!r}")
        return "ModelSpec(\n" + "".join(f"    {line},\n" for line in lines) + ")"

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = [
            (stage, part.name, ", ".join(f"{key}={value!r}" for key, value in part.options.items()))
            for stage, part in self.parts()
        ]
        rows.append(("window", f"{len(self.window)} frames", str(self.window)))
        title = f"ModelSpec: {self.description}" if self.description else "ModelSpec"
        return html_table(title, ("stage", "part", "options"), rows)

    def parts(self) -> Iterator[tuple[str, Part]]:
        """The filled slots in the order data flows through them."""
        for stage in STAGES:
            part = getattr(self, stage)
            if part is not None:
                yield stage, part

    def override(self, **changes: Any) -> ModelSpec:
        """A changed copy; this is how every ablation is written.

        Per stage: a dict changes options of the part that is there, a string or :class:`Part` puts
        another part in, None empties the slot. ``window`` and ``description`` are replaced.

        Raises:
            SpecError: for an unknown field, or options for an empty slot.
        """
        known = [f.name for f in dataclasses.fields(self)]
        fresh: dict[str, Any] = {}
        for key, change in changes.items():
            if key not in known:
                raise SpecError(f"a spec has no field {key!r}; it has {', '.join(known)}")
            if key in STAGES:
                change = self._changed_part(key, change)
            fresh[key] = change
        return dataclasses.replace(self, **fresh)

    def _changed_part(self, stage: str, change: Any) -> Part | None:
        if isinstance(change, str):
            return Part(change)
        if isinstance(change, Mapping):
            part: Part | None = getattr(self, stage)
            if part is None:
                raise SpecError(
                    f"options {dict(change)} given for {stage}, but this model has none; "
                    f"put a part in with {stage}=Part(name, ...)"
                )
            return part.replace(**change)
        if change is None or isinstance(change, Part):
            return change
        raise SpecError(f"{stage} takes a name, a Part, a dict of options or None, got {change!r}")

    def to_json(self, *, indent: int | None = None) -> str:
        """The stored form; :meth:`from_json` gives the same spec back."""
        return json.dumps(self.to_dict(), indent=indent, sort_keys=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        plain: dict[str, Any] = {"format": FORMAT}
        for stage in STAGES:
            part = getattr(self, stage)
            plain[stage] = part and {"name": part.name, "options": dict(part.options)}
        plain["window"] = {
            "positions": list(self.window.positions),
            "target": self.window.target,
        }
        plain["description"] = self.description
        return plain

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Read the stored form.

        Raises:
            SpecError: if it is not JSON, not a spec, or of a newer format.
        """
        try:
            plain = json.loads(text)
        except json.JSONDecodeError as error:
            raise SpecError(f"a spec must be JSON; {error}") from error
        return cls.from_dict(plain)

    @classmethod
    def from_dict(cls, plain: Any) -> ModelSpec:
        """Read plain data, as :meth:`to_dict` writes it; fields left out take their defaults."""
        if not isinstance(plain, Mapping):
            raise SpecError(f"a spec must be a table of stages, got {type(plain).__name__}")
        if plain.get("format", FORMAT) != FORMAT:
            raise SpecError(
                f"the spec has format {plain['format']!r}, this version reads format {FORMAT}; "
                "upgrade vfiblocks"
            )
        known = {"format", "window", "description", *STAGES}
        if surplus := sorted(set(plain) - known):
            raise SpecError(
                f"a spec has no field {surplus[0]!r}; it has {', '.join(sorted(known))}"
            )
        fields: dict[str, Any] = {stage: _read_part(stage, plain.get(stage)) for stage in STAGES}
        if plain.get("window") is not None:
            fields["window"] = _read_window(plain["window"])
        return cls(**fields, description=str(plain.get("description", "")))

    @classmethod
    def from_file(cls, path: str | Path) -> ModelSpec:
        """Read a .json or .toml file.

        Raises:
            SpecError: if it cannot be read; the path is named.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
            return cls.from_dict(
                tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
            )
        except OSError as error:
            raise SpecError(f"cannot read spec {path}: {error.strerror}") from error
        except (ValueError, SpecError) as error:  # decoding errors of both formats are ValueErrors
            raise SpecError(f"cannot read spec {path}: {error}") from error

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits naming what is assembled, defaults filled in, descriptions ignored."""
        from vfiblocks.assembly import resolve  # needs the registries, which need this module

        plain = resolve(self).to_dict()
        del plain["description"]
        canonical = json.dumps(_canonical(plain), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _plain(value: Any, what: str) -> Value:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return tuple(_plain(item, what) for item in value)
    raise SpecError(
        f"{what} must be plain data (numbers, text, true/false, lists), got {type(value).__name__}"
    )


def _canonical(plain: Any) -> Any:
    """Whole floats as integers: 8 and 8.0 are equal options, and must hash alike."""
    if isinstance(plain, dict):
        return {key: _canonical(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_canonical(value) for value in plain]
    return int(plain) if isinstance(plain, float) and plain.is_integer() else plain


def _read_part(stage: str, plain: Any) -> Part | None:
    if plain is None:
        return None
    if isinstance(plain, str):
        return Part(plain)
    if not isinstance(plain, Mapping) or "name" not in plain:
        raise SpecError(f"{stage} must be a name or a table with a name, got {plain!r}")
    options = plain.get("options", {})
    if surplus := sorted(set(plain) - {"name", "options"}):
        raise SpecError(f"{stage} has unknown field {surplus[0]!r}; options belong under 'options'")
    if not isinstance(options, Mapping) or not all(isinstance(key, str) for key in options):
        raise SpecError(f"{stage} options must be a table, got {options!r}")
    return Part(plain["name"], **options)


def _read_window(plain: Any) -> Window:
    try:
        return Window(tuple(float(p) for p in plain["positions"]), float(plain["target"]))
    except (TypeError, KeyError, ValueError) as error:
        raise SpecError(
            f"window must hold positions and a target, got {plain!r} ({error})"
        ) from error
