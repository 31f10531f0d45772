"""Tables for programs: one column per number, with all its digits."""

from __future__ import annotations

import csv
import io
import re

from lift15.ablation.report.blocks import Column, Table, clean

REMARKS = "remarks"


def csv_table(table: Table) -> str:
    r"""A table as CSV.

    A column of a mean and its spread becomes two. Where there is no number the field is empty, and
    what the other formats say in its place is in a last column.

    Example:
        >>> from lift15.ablation.report.blocks import Cell
        >>> columns = (Column("model"), Column("PSNR", ("", "sd")))
        >>> rows = ((Cell("a"), Cell("31.2 ± 0.1", (31.21, 0.1))), (Cell("b"), Cell("failed")))
        >>> csv_table(Table("scores", "Scores", columns, rows)).splitlines()
        ['model,PSNR,PSNR sd,remarks', 'a,31.21,0.1,', 'b,,,PSNR: failed']
    """
    head = [name for column in table.columns for name in _names(column)]
    lines, remarked = [], False
    for row in table.rows:
        fields: list[str] = []
        remarks: list[str] = []
        for cell, column in zip(row, table.columns, strict=True):
            if not column.parts:
                fields.append(_word(cell.text))
            elif cell.numbers:
                fields += [_number(value) for value in cell.numbers]
            else:
                fields += [""] * len(column.parts)
                if cell.text:
                    remarks.append(f"{column.title}: {cell.text}")
        remarked = remarked or bool(remarks)
        lines.append([*fields, _word("; ".join(remarks))])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*head, REMARKS] if remarked else head)
    writer.writerows(lines if remarked else [line[:-1] for line in lines])
    return text.getvalue()


def _names(column: Column) -> list[str]:
    title = clean(column.title)
    return [f"{title} {part}".strip() for part in column.parts] if column.parts else [title]


def _number(value: float) -> str:
    """Nine digits, which no measurement has, and which hide the noise of adding up."""
    return f"{value:d}" if isinstance(value, int) else f"{value:.9g}"


def _word(text: str) -> str:
    """Without what a spreadsheet would take for a formula and compute."""
    word = clean(text)
    return f"'{word}" if re.match(r"[=+\-@]", word) and not _is_number(word) else word


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[+-]?\d[\d.,]*(e[+-]?\d+)?", word) is not None
