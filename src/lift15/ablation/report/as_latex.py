"""Tables for a paper or a thesis, ruled by booktabs."""

from __future__ import annotations

import re
import unicodedata

from lift15.ablation.report.blocks import Table, clean

PACKAGES = (
    r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{array,booktabs,graphicx}"
)
"""What a document needs before ``\\input``; the second is the default since 2018."""

WIDE = 88
"""Letters in a line of small type on an A4 page of the class article; wider tables are shrunk."""

PARAGRAPH = 32
"""A column of more letters is broken into lines."""

UNSET = frozenset("ĦħĸĿŀŉŦŧ")
"""Letters of the range of Latin ones that T1 fonts lack."""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "–": "--", "…": r"\ldots{}",
    "`": r"\textasciigrave{}", "'": "'", "µ": r"$\mu$", "\ufffd": "?", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip


def latex_table(table: Table) -> str:
    r"""A table as a float: caption, label, rules, notes below.

    Numbers are aligned at the right and set as text. A table that is wider than a page is shrunk to
    the width of a line.

    Example:
        >>> from lift15.ablation.report.blocks import Cell, Column
        >>> columns = (Column("model"), Column("PSNR", ("",)))
        >>> rows = ((Cell("a_b"), Cell("-1", (-1,))),)
        >>> print(latex_table(Table("x", "100 % & more", columns, rows)))
        % needs ...graphicx}
        \begin{table}
          \centering\small
          \caption{100 \% \& more}
          \label{tab:x}
          \begin{tabular}{lr}
            \toprule
            model & PSNR \\
            \midrule
            a\_b & $-$1 \\
            \bottomrule
          \end{tabular}
        \end{table}
        <BLANKLINE>
    """
    kinds, widths = zip(
        *(_column(table, index) for index in range(len(table.columns))), strict=True
    )
    wide = sum(widths) + len(widths) > WIDE
    lines = [
        f"% needs {PACKAGES}",
        r"\begin{table}",
        r"  \centering\small",
        rf"  \caption{{{escaped(table.title)}}}",
        rf"  \label{{tab:{table.name}}}",
        *([r"  \resizebox{\linewidth}{!}{%"] if wide else []),
        rf"  \begin{{tabular}}{{{''.join(kinds)}}}",
        r"    \toprule",
        _row([column.title for column in table.columns]),
        r"    \midrule",
        *(_row([cell.text for cell in row]) for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}" + ("}" if wide else ""),
    ]
    if table.notes:
        lines += [r"  \par\medskip\footnotesize\raggedright"]
        lines += [rf"  {escaped(note)}\par" for note in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def escaped(text: str) -> str:
    r"""Text that means nothing but itself; a minus before a number becomes one.

    Letters of Latin alphabets stay; what T1 fonts cannot set becomes its code.

    >>> print(escaped(r"100% \x_1 ± -2"), escaped("zażółć 中"))
    100\% \textbackslash{}x\_1 $\pm$ $-$2 zażółć [U+4E2D]
    """
    text = unicodedata.normalize("NFC", clean(text))
    parts = re.split(r"(?<![\w.])-(?=\d)", text)
    return "$-$".join("".join(map(_letter, part)) for part in parts)


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    latin = "\u00c0" <= letter <= "\u017e" and letter.isalpha() and letter not in UNSET
    if letter.isascii() or latin:
        return letter
    return f"[U+{ord(letter):04X}]"


def _row(cells: list[str]) -> str:
    # An opening bracket after \\ would be read as the option of the line before.
    return "    " + " & ".join(_guarded(escaped(cell)) for cell in cells) + r" \\"


def _guarded(cell: str) -> str:
    return f"{{}}{cell}" if cell.startswith(("[", "*")) else cell


def _column(table: Table, index: int) -> tuple[str, int]:
    """How a column is set, and about how many letters wide; long words get a paragraph."""
    column = table.columns[index]
    longest = max([len(column.title), *(len(row[index].text) for row in table.rows)])
    if column.parts and longest <= PARAGRAPH:
        return "r", longest
    if longest <= PARAGRAPH:
        return "l", longest
    side = r"\raggedleft" if column.parts else r"\raggedright"
    return rf">{{{side}\arraybackslash}}p{{0.28\linewidth}}", PARAGRAPH
