"""A report, and each of its tables, as Markdown."""

from __future__ import annotations

import re

from lift15.ablation.report.blocks import (
    Answers,
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Picture,
    Table,
    Text,
    clean,
    clean_lines,
)


def markdown_table(table: Table) -> str:
    r"""A table with its title above and its notes below.

    Example:
        >>> from lift15.ablation.report.blocks import Cell, Column
        >>> columns = (Column("model"), Column("PSNR (dB)", ("",)))
        >>> rows = ((Cell("a|b"), Cell("31.2", (31.2,))),)
        >>> print(markdown_table(Table("x", "Scores", columns, rows)))
        **Scores**
        <BLANKLINE>
        | model | PSNR (dB) |
        |---|---:|
        | a\|b | 31.2 |
        <BLANKLINE>
    """
    lines = [
        f"**{escaped(table.title)}**",
        "",
        _row([column.title for column in table.columns]),
        "|" + "|".join("---:" if column.parts else "---" for column in table.columns) + "|",
        *(_row([cell.text for cell in row]) for row in table.rows),
    ]
    if table.notes:
        lines += ["", *(f"- {escaped(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def markdown_page(document: Document) -> str:
    """The whole report; figures are linked as files beside it."""
    lines = [f"# {escaped(document.title)}", ""]
    lines += [escaped(text) + "\n" for text in (document.about, document.status) if text]
    for section in document.sections:
        lines += [f"## {escaped(section.title)}", ""]
        lines += [_block(block) + "\n" for block in section.blocks]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    r"""Text that means nothing but itself.

    >>> print(escaped("*a* <b> [c](d) | e_f"))
    \*a\* \<b> \[c\](d) \| e\_f
    """
    return re.sub(r"([\\`*_\[\]<|#~&$])", r"\\\1", clean(text))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def _block(block: Block) -> str:
    match block:
        case Text(words):
            return escaped(words) + "\n"
        case Bullets(items, title):
            head = [escaped(title), ""] if title else []
            return "\n".join([*head, *(f"- {escaped(item)}" for item in items)]) + "\n"
        case Answers(answers):
            return "".join(
                f"- **{escaped(a.question)}** *{escaped(a.label)}.* {escaped(a.words)}\n"
                for a in answers
            )
        case Table():
            return markdown_table(block)
        case Figure(name, title, caption):
            said = f"**{escaped(title)}.** {escaped(caption)}"
            return f"![{escaped(title)}](figures/{name}.svg)\n\n{said}\n"
        case Picture(caption, link):
            return f"![{escaped(caption)}](<{_link(link)}>)\n\n{escaped(caption)}\n"
        case Code(title, text):
            body = clean_lines(text)
            fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", body)), default=0))
            return f"{escaped(title)}\n\n{fence}\n{body}\n{fence}\n"


def _link(path: str) -> str:
    return re.sub(r"[<>\\%]", lambda found: f"%{ord(found.group()):02X}", clean(path))
