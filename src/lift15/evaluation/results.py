"""Scores on a disk: one line per item, kept whatever happens to the run that makes them."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from vfiblocks.errors import DataError, InputError, MissingDependency

ITEM = ("item", "scene", "time", "frames", "wanted")
IDENTITY = ("model", "spec", "weights", "precision", "protocol", "protocol_hash", "data", "version")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")


@dataclass(frozen=True)
class Row:
    """The scores of one item.

    Attributes:
        item: its name.
        scene: the video or sequence it is from.
        time: of the target between the references.
        frames: how many frames the model was shown.
        wanted: how many it reads; the rest were marked missing.
        scores: by measure.
    """

    item: str
    scene: str
    time: float
    frames: int
    wanted: int
    scores: Mapping[str, float]


class ResultFile:
    """The scores of one model under one protocol, in a CSV file that only grows.

    A line is on the disk before the next item is begun. What a killed run left of a last line is
    cut off. Every line says which model, protocol, data and version it belongs to; a folder with
    scores of others under the same names is refused. Shards write to files of their own, and all of
    them count.

    Args:
        folder: of the run; the file is ``folder/<protocol>/<model>.csv``.
        identity: see :data:`IDENTITY`.
        measures: names of the scores.
        shard: which of how many processes this is.

    Attributes:
        path: of the file.

    Raises:
        InputError: the folder holds scores of another model, protocol, data or version under these
            names, or a name is none for a file.
        DataError: a file of scores is damaged, or cannot be written.

    Example:
        >>> import tempfile
        >>> identity = dict.fromkeys(IDENTITY, "x")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with ResultFile(Path(folder), identity, ("psnr",)) as file:
        ...         file.append(Row("00001/0266", "00001", 0.5, 2, 2, {"psnr": 35.5}))
        ...     [row.scores for row in ResultFile(Path(folder), identity, ("psnr",)).rows()]
        [{'psnr': 35.5}]
    """

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, str],
        measures: Sequence[str],
        *,
        shard: tuple[int, int] | None = None,
    ) -> None:
        self._identity = {key: identity[key] for key in IDENTITY}
        self._measures = tuple(measures)
        for what in ("protocol", "model"):
            if NAME.fullmatch(identity[what]) is None:
                raise InputError(
                    f"results are filed under the {what}'s name, and {identity[what]!r} is none "
                    "for a file; use letters, digits, dots and dashes"
                )
        self._model = identity["model"]
        suffix = "" if shard is None else f".{shard[0]}-of-{shard[1]}"
        self.path = folder / identity["protocol"] / f"{self._model}{suffix}.csv"
        self._file: io.BufferedWriter | None = None
        self._header = (*ITEM, *self._measures, *IDENTITY)
        self.rows()  # finds out whether all of them are ours

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def rows(self) -> list[Row]:
        """All that is known, of all shards, each item once, in the order it was written."""
        rows: dict[str, Row] = {}
        pattern = re.compile(re.escape(self._model) + r"(\.\d+-of-\d+)?\.csv")
        for path in sorted(self.path.parent.glob("*.csv")):
            if pattern.fullmatch(path.name):
                for row in self._read(path):
                    rows.setdefault(row.item, row)
        return list(rows.values())

    def records(self) -> list[dict[str, str | int | float]]:
        """The rows with all their columns, for tables of other formats."""
        return [
            {
                "item": row.item,
                "scene": row.scene,
                "time": row.time,
                "frames": row.frames,
                "wanted": row.wanted,
                **row.scores,
                **self._identity,
            }
            for row in self.rows()
        ]

    def append(self, row: Row) -> None:
        """Add a line, and return once it is on the disk.

        Raises:
            DataError: it cannot be written.
        """
        try:
            if self._file is None:
                self._file = self._opened()
            cells = [row.item, row.scene, repr(row.time), str(row.frames), str(row.wanted)]
            cells += [repr(row.scores[name]) for name in self._measures]
            self._write(self._file, [*cells, *self._identity.values()])
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; nothing is lost without."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> io.BufferedWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab")
        whole = _whole_lines(self.path.read_bytes())
        file.truncate(len(whole))  # what was left of a line when a run was killed
        if not whole:
            self._write(file, self._header)
        return file

    def _write(self, file: io.BufferedWriter, cells: Sequence[str]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        file.write(text.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())

    def _read(self, path: Path) -> Iterator[Row]:
        try:
            text = _whole_lines(path.read_bytes()).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: the results cannot be read: {error}") from error
        lines = csv.reader(io.StringIO(text))
        header = next(lines, None)
        if header is None:
            return
        if missing := [key for key in IDENTITY if key not in header]:
            raise InputError(
                f"{path} is no file of results: it has no column {missing[0]}; choose another "
                "folder"
            )
        if tuple(header) != self._header:
            raise InputError(
                f"{path} has the scores {', '.join(header[len(ITEM) : -len(IDENTITY)])}, and now "
                f"{', '.join(self._measures)} are wanted; choose another folder"
            )
        for number, cells in enumerate(lines, start=2):
            try:
                values = dict(zip(header, cells, strict=True))
                row = Row(
                    values["item"],
                    values["scene"],
                    float(values["time"]),
                    int(values["frames"]),
                    int(values["wanted"]),
                    {name: float(values[name]) for name in self._measures},
                )
            except ValueError as error:
                raise DataError(
                    f"{path}: line {number} is no line of results ({error}); remove it, and its "
                    "item is measured again"
                ) from error
            self._check(path, values)
            yield row

    def _check(self, path: Path, found: Mapping[str, str]) -> None:
        other = [key for key in IDENTITY if found[key] != self._identity[key]]
        if other:
            differences = "; ".join(
                f"{key} {found[key] or 'none'} there, {self._identity[key] or 'none'} now"
                for key in other
            )
            raise InputError(
                f"{path} holds results of something else under this name: {differences}; choose "
                "another folder or another --name, or remove the file"
            )


def write_parquet(path: Path, files: Iterable[ResultFile]) -> Path:
    """All rows of several files as one Parquet table; appears when it is whole.

    Raises:
        MissingDependency: PyArrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependency(
            "writing Parquet needs PyArrow, which is not installed; run: pip install pyarrow. "
            "The CSV files hold the same"
        ) from error
    table = pyarrow.concat_tables(
        [pyarrow.Table.from_pylist(file.records()) for file in files],
        promote_options="default",
    )
    temporary = path.with_name(f".{path.name}.partial")
    try:
        pyarrow.parquet.write_table(table, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]
