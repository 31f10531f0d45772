"""Frozen dataclasses of plain values as tables, and tables as TOML: how plans are written down."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from vfiblocks.errors import InputError, TrainingError

T = TypeVar("T")

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_table(plan: Any) -> dict[str, Any]:
    """A dataclass as a table of plain values; fields that are None are left out.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Crop:
    ...     size: tuple[int, int] = (256, 256)
    ...     seed: int | None = None
    >>> to_table(Crop())
    {'size': [256, 256]}
    """
    return {
        field.name: _plain(value)
        for field in dataclasses.fields(plan)
        if (value := getattr(plan, field.name)) is not None
    }


def from_table(cls: type[T], table: Any, *, where: str = "") -> T:
    """A dataclass from a table; fields left out take their defaults.

    Args:
        cls: a dataclass whose fields are plain values, dataclasses, tuples and mappings of them.
        table: as :func:`to_table` and TOML give it.
        where: the key the table stands under, for messages.

    Raises:
        TrainingError: a field the class does not have, with the nearest one, or a value of another
            type.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Crop:
        ...     size: tuple[int, ...] = (256, 256)
        >>> from_table(Crop, {"size": [64, 96]})
        Crop(size=(64, 96))
        >>> from_table(Crop, {"sise": 64}, where="data")
        Traceback (most recent call last):
        ...
        vfiblocks.errors.TrainingError: the plan has no data.sise; did you mean data.size?
    """
    if not isinstance(table, Mapping):
        raise TrainingError(f"{where or 'the plan'} must be a table, got {table!r}")
    hints = typing.get_type_hints(cls)
    known = {field.name: hints[field.name] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {}
    for key, value in table.items():
        if key not in known:
            raise TrainingError(unknown_key(key, known, where))
        values[key] = _read(known[key], value, _join(where, key))
    try:
        return cls(**values)
    except InputError as error:  # what a class says of its values
        reason = str(error).removeprefix(f"{where.rpartition('.')[2]}: ")
        raise TrainingError(f"{where or 'the plan'}: {reason}") from error


def unknown_key(key: str, known: Sequence[str] | Mapping[str, Any], where: str = "") -> str:
    """What is said of a key that a plan does not have.

    >>> unknown_key("lr", ["rate", "steps"], "optimizer")
    'the plan has no optimizer.lr; optimizer has rate, steps'
    """
    near = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.6)
    if near:
        return f"the plan has no {_join(where, key)}; did you mean {_join(where, near[0])}?"
    return f"the plan has no {_join(where, key)}; {where or 'it'} has {', '.join(known)}"


def merge(cls: Any, base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the fields that ``more`` has: tables of fields are merged, all else replaced.

    A mapping that the user fills, such as the losses, is replaced as a whole: one that names a
    loss does not want those of a preset besides.
    """
    hints = typing.get_type_hints(cls)
    merged = dict(base)
    for key, value in more.items():
        inner = hints.get(key)
        if dataclasses.is_dataclass(inner) and isinstance(value, Mapping):
            merged[key] = merge(inner, merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def assign(table: dict[str, Any], assignment: str) -> None:
    """Carry out ``key.sub=value`` in a table; list entries are counted from 0.

    The value is read as TOML, and as text where it is none.

    Raises:
        TrainingError: if it is no assignment, or the key leads through something that is no table.

    Example:
        >>> table = {"schedule": {"phases": [{"lr": 1.0}]}}
        >>> assign(table, "schedule.phases.0.lr=0.5")
        >>> assign(table, "model.name=lift15-tiny")
        >>> table
        {'schedule': {'phases': [{'lr': 0.5}]}, 'model': {'name': 'lift15-tiny'}}
    """
    key, equals, text = assignment.partition("=")
    if not equals or not key.strip():
        raise TrainingError(f"a setting is given as key.sub=value, got {assignment!r}")
    try:
        try:
            nested = tomllib.loads(f"{key} = {text}")
        except tomllib.TOMLDecodeError:
            nested = tomllib.loads(f"{key} = {_text(text.strip())}")
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"cannot read the key of {assignment!r}: {error}") from error
    path: list[str] = []
    value: Any = nested
    while isinstance(value, dict) and len(value) == 1 and len(path) < _depth(key):
        (word, value), *_ = value.items()
        path.append(word)
    here: Any = table
    for word, following in zip(path, [*path[1:], None], strict=True):
        index: Any = word
        if isinstance(here, list):
            if not word.isdigit() or int(word) >= len(here):
                raise TrainingError(f"{key}: {word!r} is none of the entries 0 to {len(here) - 1}")
            index = int(word)
        elif not isinstance(here, dict):
            raise TrainingError(f"{key}: there is nothing to set below {here!r}")
        if following is None:
            here[index] = value
        else:
            here = here[index] if isinstance(here, list) else here.setdefault(index, {})


def to_toml(table: Mapping[str, Any]) -> str:
    """A table as TOML that :mod:`tomllib` reads back as it was.

    >>> print(to_toml({"a": 1, "b": {"c": [1.5, True]}, "d": [{"e": "f"}]}), end="")
    a = 1
    <BLANKLINE>
    [b]
    c = [1.5, true]
    <BLANKLINE>
    [[d]]
    e = "f"
    """
    return "\n".join(_lines(table, ())).strip("\n") + "\n"


def differences(one: Any, other: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The keys under which two tables differ, with both values; None where one has no such key.

    >>> list(differences({"a": {"b": 1}}, {"a": {"b": 2}, "c": 3}))
    [('a.b', 1, 2), ('c', None, 3)]
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(k for k in other if k not in one)]:
            yield from differences(one.get(key), other.get(key), _join(where, key))
    elif (
        isinstance(one, list)
        and isinstance(other, list)
        and len(one) == len(other)
        and any(isinstance(item, Mapping) for item in one)
    ):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, _join(where, str(index)))
    elif one != other or type(one) is not type(other):
        yield where, one, other


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else str(key)


def _depth(key: str) -> int:
    """How many words a dotted key has; dots within quotes part nothing."""
    return len(re.findall(r'"[^"]*"|\'[^\']*\'|[^.\s]+', key))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_table(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _read(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _read_any(arguments, value, where)
    if origin is typing.Literal:
        if not any(value == choice and type(value) is type(choice) for choice in arguments):
            wanted = ", ".join(map(str, arguments))
            raise TrainingError(f"{where} is one of {wanted}, got {value!r}")
        return value
    if dataclasses.is_dataclass(hint):
        return from_table(hint, value, where=where)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TrainingError(f"{where} must be a list, got {value!r}")
        if arguments[-1:] == (Ellipsis,):
            arguments = (arguments[0],) * len(value)
        if len(arguments) != len(value):
            raise TrainingError(f"{where} must hold {len(arguments)} values, got {value!r}")
        return tuple(
            _read(inner, item, f"{where}.{index}")
            for index, (inner, item) in enumerate(zip(arguments, value, strict=True))
        )
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise TrainingError(f"{where} must be a table, got {value!r}")
        return {key: _read(arguments[1], item, _join(where, key)) for key, item in value.items()}
    return _read_plain(hint, value, where)


def _read_any(choices: Sequence[Any], value: Any, where: str) -> Any:
    refused: TrainingError | None = None
    for choice in choices:
        if choice is type(None):
            if value is None:
                return None
            continue
        try:
            return _read(choice, value, where)
        except TrainingError as error:
            refused = refused or error
    raise refused or TrainingError(f"{where} cannot be {value!r}")


def _read_plain(hint: Any, value: Any, where: str) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is float and isinstance(value, float) and not math.isfinite(value):
        raise TrainingError(f"{where} must be a finite number, got {value}")
    if hint in (bool, int, float, str):
        fits = isinstance(value, hint) and not (hint in (int, float) and isinstance(value, bool))
        if not fits:
            words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
            raise TrainingError(f"{where} must be {words[hint]}, got {value!r}")
    return tuple(value) if isinstance(value, list) else value


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    deeper = {key: value for key, value in table.items() if _is_section(value)}
    for key, value in table.items():
        if key not in deeper:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in deeper.items():
        name = ".".join(map(_key, (*path, key)))
        if isinstance(value, Mapping):
            yield from ("", f"[{name}]")
            yield from _lines(value, (*path, key))
            continue
        for item in value:
            yield from ("", f"[[{name}]]")
            yield from (f"{_key(k)} = {_value(v)}" for k, v in item.items())


def _is_section(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return bool(value) and isinstance(value, list) and all(isinstance(v, Mapping) for v in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    """As TOML writes it: JSON's escapes, but for what JSON writes in pairs of surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    raise TrainingError(f"a plan holds plain values, got {value!r}")
