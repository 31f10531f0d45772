"""What a report is made of, whatever it is written as."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["for", "against", "same", "open", "none"]
"""What an answer comes to: what was asked holds, its opposite, no difference, undecided, none."""


@dataclass(frozen=True)
class Cell:
    """A field of a table.

    Attributes:
        text: as it is read.
        numbers: what the text says, for machines, in the order of its column's ``parts``; () where
            the text says that there is no number.
    """

    text: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: with the unit, if there is one.
        parts: what its numbers are: "" is the number itself, "sd", "low", "high", ... what goes
            with it. () for a column of words.
    """

    title: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """The same in every format.

    Attributes:
        name: of its files.
        title: above it.
        columns: the first one names the rows.
        rows: as many cells as columns each.
        notes: below it.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row) == len(self.columns), f"{self.name}: {len(row)} cells"
            for cell, column in zip(row, self.columns, strict=True):
                assert len(cell.numbers) in (0, len(column.parts)), f"{self.name}: {column.title}"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences, under a line of its own if it has a title."""

    items: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class Answer:
    """What is said to a question.

    Attributes:
        kind: of the answer.
        label: the answer in a few words.
        question: as it was asked, with where it was measured.
        words: what was found, and what follows.
    """

    kind: Kind
    label: str
    question: str
    words: str


@dataclass(frozen=True)
class Answers:
    """Answers, one below the other."""

    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Figure:
    """A drawing.

    Attributes:
        name: of its file.
        title: a few words.
        caption: what is to be seen, in sentences; all of it is in some table as well.
        svg: without a style of its own, see :mod:`lift15.ablation.report.style`.
    """

    name: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Picture:
    """A picture from a file.

    Attributes:
        caption: below it.
        link: where the file is, from the folder of the report.
        png: its content.
    """

    caption: str
    link: str
    png: bytes


@dataclass(frozen=True)
class Code:
    """Text as it is, folded away if it is long."""

    title: str
    text: str


Block = Text | Bullets | Answers | Table | Figure | Picture | Code


@dataclass(frozen=True)
class Section:
    """A chapter."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        title: of the ablation.
        about: below it.
        status: how far the ablation is.
        sections: in order.
    """

    title: str
    about: str
    status: str
    sections: tuple[Section, ...]

    def blocks(self, kind: type) -> list[Block]:
        """All blocks of a kind, in order."""
        return [b for section in self.sections for b in section.blocks if isinstance(b, kind)]


def clean(text: str) -> str:
    r"""One line without characters that some format cannot hold.

    Control characters, halves of surrogates and marks that turn the direction of writing become a
    replacement character; line breaks and tabs become blanks.

    >>> clean("a\n b\x00")
    'a b\ufffd'
    """
    return re.sub(_UNPRINTABLE, "\ufffd", re.sub(r"\s+", " ", text)).strip()


def clean_lines(text: str) -> str:
    """The same with its line breaks and indentation kept."""
    return re.sub(_UNPRINTABLE, "\ufffd", text.expandtabs(4).replace("\r\n", "\n")).rstrip()


_UNPRINTABLE = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"


def file_name(*words: str) -> str:
    """A name for a file from any words; different words may come to one name.

    >>> file_name("scores", "held out/../x")
    'scores-held-out-x'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:80] or "unnamed"


def unique(names: Sequence[str]) -> list[str]:
    """The names with a number behind those that were there before.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a-2']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        made, number = name, 1
        while made in taken:
            number += 1
            made = f"{name}-{number}"
        taken.add(made)
        found.append(made)
    return found
