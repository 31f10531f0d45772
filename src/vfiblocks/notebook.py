"""Tables as HTML for notebooks: self-contained, escaped, legible on light and dark ground."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence

# Text and rules take the page's own colour, so that the page decides between light and dark.
_CELL = "padding:0.2em 0.7em;vertical-align:top;border:0;border-bottom:1px solid"
_RULE = "rgba(128,128,128,0.35)"


def html_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[str] = (),
    total: bool = False,
) -> str:
    """A small table with a line above it.

    Args:
        title: the line above; its first word group up to a colon is set in bold.
        columns: headings.
        rows: one text per column.
        numbers: headings of columns to align right.
        total: set the last row in bold.

    Example:
        >>> "&lt;b&gt;" in html_table("Ledger: <b>", ("part",), [("x & y",)])
        True
    """
    name, colon, rest = title.partition(":")
    head = "".join(_cell("th", column, column in numbers) for column in columns)
    lines = []
    for index, row in enumerate(rows):
        strong = total and index == len(rows) - 1
        cells = zip(columns, row, strict=True)
        lines.append("".join(_cell("td", text, c in numbers, strong=strong) for c, text in cells))
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return (
        '<div style="color:inherit">\n'
        f'<div style="margin:0.4em 0"><b>{html.escape(name)}{colon}</b>{html.escape(rest)}</div>\n'
        '<table style="border-collapse:collapse;color:inherit;background:transparent">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _cell(tag: str, text: str, number: bool, *, strong: bool = False) -> str:
    align = "right;font-variant-numeric:tabular-nums;white-space:nowrap" if number else "left"
    weight = "600" if strong or tag == "th" else "400"
    style = f"{_CELL} {_RULE};text-align:{align};font-weight:{weight};background:transparent"
    return f'<{tag} style="{style}">{html.escape(text)}</{tag}>'
