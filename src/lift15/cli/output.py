"""Where commands print: results to standard output, the rest to standard error."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from vfiblocks.renames import RenameWarning

results = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """One line on standard error."""
    line = " ".join(message.split())
    if notes.is_terminal:
        notes.print(f"[bold red]vfi:[/] {escape(line)}")
    else:
        print(f"vfi: {line}", file=sys.stderr)


def tell(message: str) -> None:
    """A remark on standard error, out of the way of results."""
    if notes.is_terminal:
        notes.print(escape(message))
    else:
        print(message, file=sys.stderr)


def tell_of_renames() -> None:
    """From here on, show a name that has changed as a remark, not as a warning about our code."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, RenameWarning):
            tell(str(message))
        else:
            usual(message, category, *rest, **named)

    warnings.showwarning = show


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()
) -> None:
    """A table for people, or tab-separated lines when the output is piped.

    Args:
        columns: headings.
        rows: one text per column.
        numbers: headings of columns to align right.
    """
    if not results.is_terminal:
        print("\t".join(columns))
        for row in rows:
            print("\t".join(row))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in numbers else "left",
            style="cyan" if column == columns[0] else None,
            no_wrap=column == columns[0] or column in numbers,
        )
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    results.print(table)


class Counter:
    """Counts frames on a progress bar; see :func:`progress`."""

    def __init__(self, bar: Progress, what: str) -> None:
        self._bar = bar
        self._task = bar.add_task(what, total=None)

    def __call__(self, done: int, total: int | None) -> None:
        """Set how many of how many are done; the total may be unknown."""
        self._bar.update(self._task, completed=done, total=total)


@contextmanager
def progress(what: str) -> Iterator[Counter]:
    """A bar with time left on a terminal; silent when standard error is not one."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=notes,
        disable=not notes.is_terminal,
        transient=True,
    ) as bar:
        yield Counter(bar, what)
