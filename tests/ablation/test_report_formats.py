"""One table in four formats: the same words and numbers in each, whatever they are."""

import csv
import html
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.ablation.report import as_html, as_latex, as_markdown
from lift15.ablation.report.as_csv import csv_table
from lift15.ablation.report.as_html import html_table
from lift15.ablation.report.as_latex import latex_table
from lift15.ablation.report.as_markdown import markdown_page, markdown_table
from lift15.ablation.report.blocks import (
    Cell,
    Code,
    Column,
    Document,
    Section,
    Table,
    clean,
    file_name,
    unique,
)

HOSTILE = (
    "<script>alert(1)</script>", "a|b", "a & b", "100 % _x_ ~ ^ # $y$ {z}", r"\input{/etc/passwd}",
    "=HYPERLINK(1)", "*bold* [link](http://x) `code` ![](x)", "line\nbreak\ttab", "\x00\x1b\u202e",
    '"quoted" \'single\'', "żółć 中文 🙂 ħŀŉ ŸÿĲ", "--- || |---|", "[tight", "-5", "&lt;",
    "+1 or @x",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))


def table(*rows, columns=None, title="Title", notes=()):
    columns = columns or [Column("name"), *(Column(f"c{k}") for k in range(len(rows[0]) - 1))]
    return Table("t", title, tuple(columns), tuple(tuple(row) for row in rows), tuple(notes))


class Reader(HTMLParser):
    """Cells of all tables, and every tag, closed in order."""

    VOID = ("meta", "img", "link", "br")
    NONE = ("line", "rect", "circle", "path")

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.cells, self.tags, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attributes]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_startendtag(self, tag, attributes):
        assert tag in self.NONE
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1][-1] += data


def read_html(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


def read_markdown(text):
    """Rows of a pipe table, escapes undone."""
    rows = []
    for line in text.splitlines():
        if line.startswith("| "):
            cells = re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]
            rows.append([re.sub(r"\\(.)", r"\1", cell).strip() for cell in cells])
    return rows


def expected(text):
    return clean(text)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), TEXTS)
def test_words_are_the_same_in_every_format(rows, title):
    made = table(*[[Cell(text) for text in row] for row in rows], title=title)
    wanted = [[expected(text) for text in row] for row in rows]

    page = read_html(html_table(made))
    assert [[c.replace("\N{MINUS SIGN}", "-") for c in row] for row in page.cells[1:]] == [
        [c.replace("\N{MINUS SIGN}", "-") for c in row] for row in wanted
    ]
    assert set(page.tags) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}

    found = markdown_table(made)
    lines = [line for line in found.splitlines() if line.startswith("| ")]
    assert len(lines) == len(rows) + 1
    assert read_markdown(found)[1:] == wanted

    lines = list(csv.reader(io.StringIO(csv_table(made))))
    assert [[cell.removeprefix("'") for cell in row] for row in lines[1:]] == [
        [cell.removeprefix("'") for cell in row] for row in wanted
    ]
    for row in lines[1:]:
        for cell in row:
            assert (
                re.fullmatch(r"[+-]?\d[\d.,]*(e[+-]?\d+)?", cell)
                or cell[:1] not in "=+-@"
                or not cell
            )


@given(TEXTS)
def test_latex_has_no_command_that_is_not_ours(text):
    found = as_latex.escaped(text)
    rest = re.sub(
        r"\\text(?:backslash|asciicircum|asciitilde|asciigrave|less|greater|bar|quotedbl)\{\}|"
        r"\\ldots\{\}|\$(?:\\(?:pm|times|cdot|mu)|-)\$|\\[{}$&#%_]",
        "",
        found,
    )
    assert not re.search(r"[\\{}$&#%_^\n]", rest)
    assert all(letter.isascii() or "\u00c0" <= letter <= "\u017e" for letter in rest)


@given(TEXTS)
def test_no_text_becomes_a_tag_or_leaves_its_attribute(text):
    assert not re.search(r"[<>\"']", html.escape(as_html.escaped(text)).replace("&#x27;", ""))
    reader = read_html(f'<p title="{as_html.escaped(text)}">{as_html.escaped(text)}</p>')
    assert reader.tags == ["p"]


@given(TEXTS)
def test_markdown_of_one_text_is_one_line_without_links_or_tags(text):
    found = as_markdown.escaped(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)(?:\\\\)*[<\[`*|]", found)


@given(st.text(max_size=40))
def test_code_cannot_end_its_own_fence(text):
    code = f"```\n{text}\n````"
    section = Section("s", "S", (Code("title", code),))
    page = markdown_page(Document("t", "", "", (section,)))
    assert page.count("`````") == 2


def test_numbers_have_a_column_each_in_csv_and_all_their_digits():
    columns = [Column("model"), Column("psnr (dB)", ("", "sd", "seeds")), Column("items", ("",))]
    made = table(
        [Cell("a"), Cell("31.26 ± 0.20", (31.2561234, 0.2049, 3)), Cell("1,200", (1200,))],
        [Cell("b"), Cell("no scores yet"), Cell("7", (7,))],
        columns=columns,
    )
    assert list(csv.DictReader(io.StringIO(csv_table(made)))) == [
        {"model": "a", "psnr (dB)": "31.2561234", "psnr (dB) sd": "0.2049",
         "psnr (dB) seeds": "3", "items": "1200", "remarks": ""},
        {"model": "b", "psnr (dB)": "", "psnr (dB) sd": "", "psnr (dB) seeds": "",
         "items": "7", "remarks": "psnr (dB): no scores yet"},
    ]  # fmt: skip


def test_remarks_are_there_only_where_there_are_any():
    made = table([Cell("a"), Cell("1", (1,))], columns=[Column("x"), Column("y", ("",))])
    assert csv_table(made) == "x,y\na,1\n"


def test_html_tables_can_be_walked():
    columns = [Column("model"), Column("psnr", ("",))]
    page = html_table(table([Cell("a"), Cell("-1", (-1,))], columns=columns, notes=["a note"]))
    assert page.count('scope="col"') == 2
    assert '<th scope="row"' in page
    assert "<caption>Title</caption>" in page
    assert 'tabindex="0"' in page, "a table that scrolls must be reached from the keyboard"
    assert "\N{MINUS SIGN}1" in page
    assert "<li>a note</li>" in page


def test_long_words_get_a_paragraph_in_latex():
    made = table([Cell("a"), Cell("word " * 20)])
    ragged = r">{\raggedright\arraybackslash}"
    assert rf"\begin{{tabular}}{{l{ragged}p{{0.28\linewidth}}}}" in latex_table(made)


def test_tables_wider_than_a_page_are_shrunk():
    narrow, wide = (table([Cell("x" * 20)] * count) for count in (3, 8))
    assert "resizebox" not in latex_table(narrow)
    assert r"\resizebox{\linewidth}{!}{%" in latex_table(wide)
    assert latex_table(wide).count("{") == latex_table(wide).count("}")


def test_a_table_that_is_not_one_is_a_bug():
    with pytest.raises(AssertionError, match="t: 1 cells"):
        table([Cell("a")], columns=[Column("x"), Column("y")])
    with pytest.raises(AssertionError, match="t: y"):
        table([Cell("a"), Cell("1", (1, 2))], columns=[Column("x"), Column("y", ("",))])


def test_names_of_files_hold_no_path_and_are_apart():
    assert file_name("../../etc/passwd", "ÄÖ") == "etc-passwd"
    assert file_name("中") == "unnamed"
    assert unique(["a", "a", "a-2", "b"]) == ["a", "a-2", "a-2-2", "b"]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_hostile_tables_compile(tmp_path):
    rows = [[Cell(text), Cell(f"{text} 31.26 ± 0.20 [-1.0, +2.0] × 2")] for text in HOSTILE]
    (tmp_path / "t.tex").write_text(
        latex_table(table(*rows, notes=HOSTILE, title=" ".join(HOSTILE)))
    )
    compile_latex(tmp_path, ["t"])


def compile_latex(folder, names):
    inputs = "\n".join(rf"\input{{{name}}}\clearpage" for name in names)
    text = (
        rf"\documentclass{{article}}{as_latex.PACKAGES}\begin{{document}}{inputs}\end{{document}}"
    )
    (folder / "all.tex").write_text(text)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all.tex"],
        cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
