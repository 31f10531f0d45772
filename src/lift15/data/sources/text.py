"""Sources written as text, as on a command line: ``KIND:PATH?option=value&option=value``."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints
from urllib.parse import unquote

from lift15.data.sources.base import SOURCES, ClipSource
from lift15.data.sources.guessing import guess_kind
from vfiblocks.errors import DataError, UnknownComponent

_TEXT = re.compile(r"(?P<place>.*?)(?:\?(?P<options>\w+=[^?]*))?", re.DOTALL)
_KIND = re.compile(r"[a-z][a-z0-9]+(?:-[a-z0-9]+)*")  # a single letter is a drive
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}


class DataText(NamedTuple):
    """A source, read from text.

    Attributes:
        kind: the registered name.
        root: a path, or "" for kinds that read no files.
        options: by name, in the types that the kind has for them.
    """

    kind: str
    root: str
    options: dict[str, Any]


def parse_data(text: str) -> DataText:
    """Read ``KIND:PATH?option=value&option=value``; a bare path where its kind is plain to see.

    Options get the types of the kind's defaults: yes and no are ``1`` and ``0`` (or words), whole
    numbers may end with k, M or G. In their values ``%26`` is an ampersand and so on; paths are
    taken as they stand, but for a ``~`` at the beginning.

    Args:
        text: such as ``videos:/data/clips?cuts=0&cache=2G``, ``generated`` or ``/data/vimeo``.

    Raises:
        DataError: an option is unknown or has no value of its type, or the kind of a bare path is
            not clear.
        UnknownComponent: there is no such kind; all are listed.

    Example:
        >>> parse_data("frames:/data/frames?max_side=960&scene=^[a-z]%2B")
        DataText(kind='frames', root='/data/frames', options={'max_side': 960, 'scene': '^[a-z]+'})
    """
    match = _TEXT.fullmatch(text)
    assert match is not None  # every text matches
    place, written = match["place"], match["options"]
    kind, root = _kind_and_root(place)
    options: dict[str, Any] = {}
    for pair in written.split("&") if written else ():
        name, sign, value = pair.partition("=")
        if not sign or name in options:
            what = f"is given {name!r} twice" if sign else f"needs option=value, got {pair!r}"
            raise DataError(f"{text}: {what}")
        options[name] = _value(kind, name, unquote(value))
    return DataText(kind, os.path.expanduser(root), options)


def open_source_by_text(text: str, *, skip_bad: bool = False) -> ClipSource:
    """The source that a text means.

    Args:
        text: see :func:`parse_data`.
        skip_bad: leave out bad items; has no effect on kinds that have no such option.

    Raises:
        DataError: see :func:`parse_data`; also whatever is wrong with the data.
    """
    kind, root, options = parse_data(text)
    if "skip_bad" in SOURCES.options(kind):
        options.setdefault("skip_bad", skip_bad)
    source = SOURCES.get(kind)(root, **options)  # type: ignore[call-arg]
    if text != kind and not text.startswith((f"{kind}:", f"{kind}?")):
        source.notes = (f"{root} was taken for {kind}", *source.notes)
    return source


def _kind_and_root(place: str) -> tuple[str, str]:
    known = SOURCES.names()
    kind, colon, root = place.partition(":")
    if kind in known:
        return kind, root
    if not place:
        raise DataError(f"no data were named; write KIND:PATH with one of {', '.join(known)}")
    if Path(place).expanduser().exists():
        return guess_kind(Path(place).expanduser()), place
    if colon and _KIND.fullmatch(kind):
        SOURCES.get(kind)  # says what there is
    if _KIND.fullmatch(place):
        raise UnknownComponent(
            f"{place!r} is neither a path nor a kind of data; kinds: {', '.join(known)}"
        )
    raise DataError(f"{place}: there is no such file or folder")


def _value(kind: str, name: str, text: str) -> Any:
    options = SOURCES.options(kind)
    if name not in options:
        known = ", ".join(
            option if default is inspect.Parameter.empty else f"{option}={_written(default)}"
            for option, default in options.items()
        )
        raise DataError(f"'{kind}' has no option {name!r}; it has {known or 'none'}")
    try:
        return _typed(text, _types(SOURCES.get(kind), name, options[name]))
    except ValueError as error:
        raise DataError(f"option {name} of '{kind}' is {error}, got {text!r}") from None


def _types(kind: Any, name: str, default: Any) -> tuple[type, ...]:
    """What an option may be, by its annotation, or else by its default."""
    is_class = isinstance(kind, type)
    try:
        hint = get_type_hints(kind.__init__ if is_class else kind)[name]
    except (KeyError, NameError, TypeError):  # not annotated, or with names that are not imported
        hint = type(default)
    return get_args(hint) or (hint,)


def _typed(text: str, wanted: tuple[type, ...]) -> Any:
    if type(None) in wanted and text.lower() == "none":
        return None
    if bool in wanted:
        if text.lower() in (*_TRUE, *_FALSE):
            return text.lower() in _TRUE
        raise ValueError("1 or 0 (yes or no)")
    if int in wanted:
        number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
        try:
            return int(number) if unit == 1 else round(float(number) * unit)
        except ValueError:
            raise ValueError("a whole number, with k, M or G after it if wished") from None
    if float in wanted:
        try:
            return float(text)
        except ValueError:
            raise ValueError("a number") from None
    if str in wanted:
        return text
    raise ValueError("not to be written as text; give it in Python")


def _written(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
