"""Every number of a training run, in one file that only grows."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from lift15.training.atomic import write_text
from vfiblocks.errors import TrainingError

NAME = "metrics.csv"
HEADER = ("step", "name", "value")

Metrics = dict[str, dict[int, float]]
"""Name -> step -> value, steps in order."""


class MetricsFile:
    """Append-only rows of step, name and value; safe against a kill at any moment.

    One row per number and not one per step: what is measured differs from step to step, and
    changes when a run goes on with another loss, and then no header written earlier would fit.
    Every call of :meth:`write` is flushed, so that a kill costs at most the row it cut in two, and
    that one is removed when the run goes on.

    Args:
        path: continued if it exists.
        step: where the run starts or goes on. Rows of later steps, written between the checkpoint
            and the kill, are dropped: they will be written again.

    Raises:
        TrainingError: the file is of another kind, or cannot be written.

    Example:
        >>> path = getfixture("tmp_path") / "metrics.csv"
        >>> with MetricsFile(path) as file:
        ...     file.write(10, {"loss/total": 0.5})
        ...     file.write(20, {"loss/total": 0.25})
        >>> with MetricsFile(path, step=10) as file:  # killed after 20, resumed at 10
        ...     file.write(20, {"loss/total": 0.3})
        >>> read_metrics(path)
        {'loss/total': {10: 0.5, 20: 0.3}}
    """

    def __init__(self, path: str | Path, *, step: int = 0) -> None:
        self.path = Path(path)
        self._step = step
        self._written: set[str] = set()
        try:
            self._trim()
            self._file: TextIO = self.path.open("a", encoding="utf-8", newline="")
            if self._file.tell() == 0:
                self._append([HEADER])
        except OSError as error:
            raise TrainingError(f"{self.path}: cannot be written: {error.strerror}") from error

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row per number; what this step already has is left as it is.

        Args:
            step: optimiser steps done; never falls.
            values: by name.

        Raises:
            TrainingError: the step is before the last one, or the disk is full.
        """
        if step < self._step:
            raise TrainingError(f"{self.path}: step {step} comes after step {self._step}")
        if step > self._step:
            self._step, self._written = step, set()
        fresh = {name: value for name, value in values.items() if name not in self._written}
        self._written |= fresh.keys()
        try:
            self._append([(step, name, f"{value:.7g}") for name, value in fresh.items()])
        except OSError as error:
            raise TrainingError(f"{self.path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """No more rows; harmless when repeated."""
        self._file.close()

    def __enter__(self) -> MetricsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, rows: list[tuple[object, ...]]) -> None:
        csv.writer(self._file, lineterminator="\n").writerows(rows)
        self._file.flush()

    def _trim(self) -> None:
        """Keep what was written up to the step, and know what that step already has."""
        if not self.path.exists() or not self.path.stat().st_size:
            return
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        if not _is_header(lines[0]):
            raise TrainingError(
                f"{self.path}: is no file of metrics, its first line is {lines[0].strip()[:60]!r}; "
                "choose another folder for the run"
            )
        kept = [",".join(HEADER) + "\n"]
        for line in lines[1:]:
            row = _read_row(line)
            if row is None or row[0] > self._step:
                break
            kept.append(line)
            if row[0] == self._step:
                self._written.add(row[1])
        if kept != lines:
            write_text(self.path, "".join(kept))


def read_metrics(path: str | Path) -> Metrics:
    """What a run has recorded so far, also while it goes on.

    Args:
        path: a metrics file, or the run folder that has one.

    Returns:
        Name -> step -> value. A row that is being written at this moment is left out.

    Raises:
        TrainingError: there is no such file, or it is of another kind.
    """
    path = Path(path)
    if path.is_dir():
        path = path / NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError as error:
        raise TrainingError(
            f"{path}: there is no such file; a run writes it from its first recorded step on"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: cannot be read: {error}") from error
    if lines and not _is_header(lines[0]):
        raise TrainingError(
            f"{path}: is no file of metrics, its first line is {lines[0].strip()[:60]!r}"
        )
    found: Metrics = {}
    for line in lines[1:]:
        row = _read_row(line)
        if row is not None:
            found.setdefault(row[1], {})[row[0]] = row[2]
    return found


def _is_header(line: str) -> bool:
    """Whether a first line is the header, or as much of it as a kill let through."""
    return line == ",".join(HEADER) + "\n" or (
        not line.endswith("\n") and ",".join(HEADER).startswith(line)
    )


def _read_row(line: str) -> tuple[int, str, float] | None:
    """A whole row; None for one that was cut off."""
    if not line.endswith("\n"):
        return None
    try:
        step, name, value = next(csv.reader([line]))
        return int(step), name, float(value)
    except ValueError:
        return None
