"""Protocols changed from a command line: ``windows=3``, ``crop=none``, more measures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lift15.evaluation.protocols.base import PROTOCOLS, READERS, Protocol
from vfiblocks import Part
from vfiblocks.errors import InputError

FIELDS = ("context", "crop", "rounded", "averaging")
"""What may be changed beside the options of the reader."""

_SIZE = re.compile(r"(\d+)[x×](\d+)")
_WORDS: dict[str, Any] = {"none": None, "all": None, "yes": True, "true": True, "no": False}
_WORDS["false"] = False


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Texts of the form ``key=value`` as plain values.

    Raises:
        InputError: a text has another form, or a key comes twice.

    Example:
        >>> parse_changes(["windows=3", "crop=720x1280", "context=all", "layout=even"])
        {'windows': 3, 'crop': (720, 1280), 'context': None, 'layout': 'even'}
    """
    changes: dict[str, Any] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key or key in changes:
            raise InputError(
                f"--set takes KEY=VALUE, each key once, such as windows=3; got {text!r}"
            )
        changes[key] = _value(value)
    return changes


def changed(
    protocol: Protocol, changes: Mapping[str, Any], *, measures: Sequence[str] = ()
) -> Protocol:
    """A protocol with other options, or with more measures.

    Args:
        protocol: as announced.
        changes: options of its reader, or fields of :data:`FIELDS`.
        measures: names of metrics to add; those that it has already stay as they are.

    Raises:
        InputError: for what cannot be changed; what can is named.

    Example:
        >>> from lift15.evaluation.protocols import find_protocol
        >>> changed(find_protocol("clips"), {"windows": 3}).reader
        Part('clips', layout='hole', windows=3)
    """
    options = READERS.options(protocol.reader.name)
    known = (*options, *FIELDS)
    if unknown := [key for key in changes if key not in known]:
        raise InputError(
            f"protocol {protocol.name} has nothing called {unknown[0]!r} to change; it has "
            f"{', '.join(known)}"
        )
    reader = protocol.reader.replace(**{k: v for k, v in changes.items() if k in options})
    fields = {key: value for key, value in changes.items() if key not in options}
    if "crop" in fields and not (fields["crop"] is None or isinstance(fields["crop"], tuple)):
        raise InputError(f"crop is height x width, such as 720x1280, or none; got {fields['crop']}")
    have = [measure.name for measure in protocol.measures]
    more = [Part(name) for name in dict.fromkeys(measures) if name not in have]
    return protocol.replace(reader=reader, measures=(*protocol.measures, *more), **fields)


def differences(protocol: Protocol) -> list[str]:
    """In what a protocol differs from the one that is announced under its name, in words.

    >>> from lift15.evaluation.protocols import find_protocol
    >>> differences(changed(find_protocol("clips"), {"windows": 3}))
    ['reader']
    """
    if protocol.name not in PROTOCOLS.names():
        return []
    announced, own = PROTOCOLS.get(protocol.name).plain(), protocol.plain()
    return [key for key, value in own.items() if value != announced[key]]


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if size := _SIZE.fullmatch(text):
        return int(size[1]), int(size[2])
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
