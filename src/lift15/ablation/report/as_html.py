"""A report as one page that needs nothing beside it: no script, no font, no file."""

from __future__ import annotations

import base64
import html
import re

from lift15.ablation.report.blocks import (
    Answers,
    Block,
    Bullets,
    Cell,
    Code,
    Column,
    Document,
    Figure,
    Picture,
    Table,
    Text,
    clean,
    clean_lines,
)
from lift15.ablation.report.numbers import capital
from lift15.ablation.report.style import COLOURS, DRAWING, PAGE

SHORT = 12
"""Up to so many lines, text is shown unfolded."""

NARROW, LONG = 28, 40
"""A column of at most so many letters is not broken; one of more than so many gets room."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The browser loads and runs nothing, whatever a name in the results says."""


def html_page(document: Document) -> str:
    """The whole report."""
    title = escaped(document.title)
    links = "".join(
        f'<li><a href="#{section.name}">{escaped(section.title)}</a></li>'
        for section in document.sections
    )
    sections = "\n".join(
        f'<section id="{section.name}" aria-labelledby="{section.name}-title">\n'
        f'<h2 id="{section.name}-title">{escaped(section.title)}</h2>\n'
        + "\n".join(map(_block, section.blocks))
        + "\n</section>"
        for section in document.sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{COLOURS}{DRAWING}{PAGE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{_paragraph(document.about)}
<p class="soft">{escaped(document.status)}</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
{sections}
</main>
<footer>The tables are beside this page in <code>tables/</code> as Markdown, CSV and LaTeX, the
drawings in <code>figures/</code>.</footer>
</body>
</html>
"""


def html_table(table: Table) -> str:
    """A table that a screen reader can walk: caption, headings of columns and rows."""
    kinds = [_kind(table, index) for index in range(len(table.columns))]
    head = "".join(
        f'<th scope="col"{_class("number" if column.parts else "")}>{escaped(column.title)}</th>'
        for column in table.columns
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            _cell(cell, column, first=index == 0, kind=kinds[index])
            for index, (cell, column) in enumerate(zip(row, table.columns, strict=True))
        )
        + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<li>{escaped(note)}</li>" for note in table.notes)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escaped(table.title)}">'
        f"<table>\n<caption>{escaped(table.title)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
        + (f'\n<ul class="notes">{notes}</ul>' if notes else "")
    )


def escaped(text: str) -> str:
    """Text that means nothing but itself; a minus before a number becomes one.

    >>> escaped('<a href="x"> -2')
    '&lt;a href=&quot;x&quot;&gt; −2'
    """
    return html.escape(re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", clean(text)))


def _kind(table: Table, index: int) -> str:
    """The class of a column's fields."""
    if table.columns[index].parts:
        return "number"
    longest = max((len(row[index].text) for row in table.rows), default=0)
    return "short" if longest <= NARROW else "long" if longest > LONG else ""


def _cell(cell: Cell, column: Column, *, first: bool, kind: str) -> str:
    if column.parts and not cell.numbers and len(cell.text) > 1:  # a dash is no word
        kind += " words" if len(cell.text) < LONG // 2 else " words long"
    tag, scope = ("th", ' scope="row"') if first else ("td", "")
    return f"<{tag}{scope}{_class(kind)}>{escaped(cell.text)}</{tag}>"


def _class(words: str) -> str:
    return f' class="{words}"' if words else ""


def _paragraph(text: str) -> str:
    return f"<p>{escaped(text)}</p>" if text else ""


def _block(block: Block) -> str:
    match block:
        case Text(words):
            return _paragraph(words)
        case Bullets(items, title):
            lead = f'<p class="lead">{escaped(title)}</p>\n' if title else ""
            return f"{lead}<ul>{''.join(f'<li>{escaped(item)}</li>' for item in items)}</ul>"
        case Answers(answers):
            return "\n".join(
                f'<div class="answer {a.kind}"><p>{escaped(a.question)} '
                f'<span class="label">{escaped(a.label)}.</span></p>'
                f"<p>{escaped(a.words)}</p></div>"
                for a in answers
            )
        case Table():
            return html_table(block)
        case Figure(title=title, svg=svg, caption=caption):
            said = f"<b>{escaped(capital(title))}.</b> {escaped(caption)}"
            return f"<figure>\n{svg}\n<figcaption>{said}</figcaption>\n</figure>"
        case Picture(caption, _, png):
            data = base64.b64encode(png).decode("ascii")
            return (
                f'<figure><img alt="{escaped(caption)}" src="data:image/png;base64,{data}">'
                f"<figcaption>{escaped(caption)}</figcaption></figure>"
            )
        case Code(title, text):
            return _code(title, clean_lines(text))


def _code(title: str, text: str) -> str:
    body = f'<pre tabindex="0" aria-label="{escaped(title)}">{html.escape(text)}</pre>'
    if text.count("\n") < SHORT:
        return f'<p class="lead">{escaped(title)}</p>\n{body}'
    return f"<details><summary>{escaped(title)}</summary>\n{body}</details>"
