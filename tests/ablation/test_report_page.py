"""A whole report: what is in it, that it needs nothing else, and that nothing is dropped."""

import csv
import dataclasses
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lift15.ablation.measured import ItemFacts
from lift15.ablation.report import as_latex, write_report
from lift15.ablation.report.blocks import Document, Figure, Table, clean
from lift15.ablation.report.material import gather
from lift15.ablation.report.write import compose
from lift15.ablation.results import AblationResults
from vfiblocks.errors import TrainingError

HOSTILE = (
    "</style></svg><script>alert(1)</script><img src=x onerror=alert(2)> | $x$ \\input{a} & \x00"
)
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
"""One black pixel."""


class Page(HTMLParser):
    """Tags, attributes and words of a page; every tag has to be closed in order."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.rows, self.titles = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attributes]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "caption":
            self.titles.append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "caption":
            self.titles[-1] += data
        if not {"style", "pre"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\N{MINUS SIGN}", "-").split())


def written(results, folder, **options):
    path = write_report(results, folder, draws=200, **options)
    return path, Page(path.read_text("utf-8"))


def composed(results) -> Document:
    return compose(gather(results, Path("report"), Path(), draws=200))


def without(results: AblationResults, **changes) -> AblationResults:
    """The same with other fields in every evaluation."""
    evaluations = tuple(dataclasses.replace(each, **changes) for each in results.evaluations)
    return dataclasses.replace(results, evaluations=evaluations)


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch):
    """A hundred files on the way to a slow disk are not what is tested here."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The example's report, written once."""
    folder = tmp_path_factory.mktemp("ablation")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "a.png").write_bytes(DOT)
    return folder / "report"


@pytest.fixture
def page(report, results):
    if not (report / "index.html").exists():
        write_report(results, report, draws=200)
    return Page((report / "index.html").read_text("utf-8"))


def test_the_page_loads_nothing_and_runs_nothing(page):
    assert "script" not in page.tags
    assert "link" not in page.tags
    for tag, key, value in page.attributes:
        assert not key.startswith("on"), (tag, key)
        if key in ("src", "href", "xlink:href", "action", "srcset", "poster", "data"):
            assert value.startswith(("#", "data:image/png;base64,")), (tag, value)
    assert ("meta", "http-equiv", "Content-Security-Policy") in page.attributes


def test_the_style_loads_nothing(report, page):
    text = (report / "index.html").read_text("utf-8")
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_names_on_the_page_are_unique_and_links_lead_somewhere(page):
    names = [value for _, key, value in page.attributes if key == "id"]
    assert len(names) == len(set(names))
    wanted = {v[1:] for _, key, v in page.attributes if key == "href"}
    for _, key, value in page.attributes:
        if key in ("aria-labelledby", "aria-describedby"):
            wanted |= set(value.split())
    assert wanted <= set(names)


def test_headings_go_down_one_by_one_and_pictures_have_words(page):
    assert page.tags.count("h1") == 1
    assert page.tags.count("h2") == 10
    pictures = [tag for tag in page.tags if tag == "img"]
    assert len([1 for tag, key, v in page.attributes if (tag, key) == ("img", "alt") and v]) == len(
        pictures
    )
    assert len(pictures) == 2
    assert page.tags.count("svg") == page.tags.count("desc")


def test_everything_that_was_asked_for_is_there(page):
    for words in (
        "How many frames of context?", "Do 15 frames do better than 3?", "2 of 9 runs",
        "7 frames with seed 2 diverged", "step 140: the loss is nan", "psnr-edges",
        "MACs (G)", "memory (MB)", "time over that of 3 frames", "occlusion", "repetition",
        "lighting", "fast motion", "median displacement", "place of the frame beside the target",
        "validation/psnr", "40 items of 40 scenes", "Seeds: 0, 1, 2.", "vfiblocks 0.5.0",
        "0123456789abcdef", "a1b2c3d4e5f60718", "3 clips are shorter",
        "frames beyond a variant's window", "shuffled: in another order", "p (Holm)",
    ):  # fmt: skip
        assert words in page.text, words


def test_command_plan_and_specs_are_on_the_page(report, page):
    text = (report / "index.html").read_text("utf-8")
    for words in (
        "vfi ablate context --data generated: --seeds 3",
        "name = &quot;context&quot;",
        "&quot;context-cascade&quot;",
        "name = &quot;lift15-tiny&quot;",
    ):
        assert words in text


def test_every_table_says_the_same_in_every_format(report, page, results):
    tables = composed_at(report, results).blocks(Table)
    assert len(tables) == len(page.titles) > 12
    assert {path.stem for path in (report / "tables").iterdir()} == {each.name for each in tables}
    rows = iter(page.rows)
    for each in tables:
        wanted = [[clean(cell.text) for cell in row] for row in each.rows]
        shown = [next(rows) for _ in range(len(each.rows) + 1)][1:]
        assert [[cell.replace("\N{MINUS SIGN}", "-") for cell in row] for row in shown] == wanted
        markdown = (report / "tables" / f"{each.name}.md").read_text("utf-8")
        found = [
            [re.sub(r"\\(.)", r"\1", cell).strip() for cell in line.split(" | ")]
            for line in (line[2:-2] for line in markdown.splitlines() if line.startswith("| "))
        ]
        assert found[1:] == wanted
        latex = (report / "tables" / f"{each.name}.tex").read_text("utf-8")
        body = latex[latex.index(r"\midrule") : latex.index(r"\bottomrule")]
        assert body.count(r" \\") == len(wanted)
        for row in each.rows:
            for cell in row:
                assert as_latex.escaped(cell.text) in body
        _numbers_agree(each, report / "tables" / f"{each.name}.csv")


def composed_at(report, results):
    return compose(gather(results, report, report.parent, draws=200))


def _numbers_agree(each, path):
    """Numbers of the CSV, rounded as the text has them, are those of the text."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    for row, line in zip(each.rows, lines[1:], strict=True):
        fields = iter(line)
        for cell, column in zip(row, each.columns, strict=True):
            numbers = [next(fields) for _ in column.parts or ("",)]
            if not column.parts or not cell.numbers:
                continue
            for text in re.findall(r"[+-]?\d[\d,]*\.?\d*", cell.text.replace("×", " ")):
                value = float(text.replace(",", ""))
                digits = len(text.partition(".")[2])
                near = [abs(float(n) - value) for n in numbers if n != "nan"]
                assert min(near) <= 0.5000001 * 10.0**-digits or "<" in cell.text, cell


def test_figures_are_whole_files_of_their_own(report, page, results):
    figures = composed_at(report, results).blocks(Figure)
    files = {path.stem: path.read_text("utf-8") for path in (report / "figures").iterdir()}
    assert files.keys() == {each.name for each in figures}
    for text in files.values():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{http://www.w3.org/2000/svg}style") is not None
        numbers = re.findall(r' (?:x|y|cx|cy|x1|x2|y1|y2)="([^"]+)"', text)
        assert all(-1 <= float(number) <= 2000 for number in numbers)
        assert "nan" not in text


def test_what_is_needed_to_do_it_again_is_plain_data(report, page):
    facts = json.loads((report / "reproduce.json").read_text("utf-8"))
    assert facts["provenance"]["commands"] == ["vfi ablate context --data generated: --seeds 3"]
    assert facts["variants"][2]["spec"]["flow"]["name"] == "context-cascade"
    assert [run["state"] for run in facts["runs"]].count("finished") == 7
    assert facts["evaluations"][0]["data_hash"] == "ef" * 8


def test_hostile_words_stay_words_everywhere(results, tmp_path):
    evil = HOSTILE
    variants = tuple(
        dataclasses.replace(
            v, title=f"{evil} {v.name}", changes=(evil,), plan=evil, spec={evil: evil}
        )
        for v in results.variants
    )
    evaluation = results.evaluations[0]
    rename = {item.name: f"{evil}{k}" for k, item in enumerate(evaluation.items)}
    items = tuple(
        ItemFacts(rename[item.name], f"{evil}{item.scene}", (evil, *item.tags), 1.0 + k)
        for k, item in enumerate(evaluation.items)
    )
    answers = tuple(
        dataclasses.replace(
            each,
            notes=(evil,),
            weights=evil,
            rows=tuple(
                dataclasses.replace(row, item=rename[row.item], scene=f"{evil}{row.scene}")
                for row in each.rows
            ),
        )
        for each in evaluation.answers
    )
    evaluation = dataclasses.replace(
        evaluation, name=f"../../{evil}", title=evil, items=items, answers=answers, notes=(evil,),
        layout=evil, root=evil, protocol={evil: evil},
    )  # fmt: skip
    questions = tuple(
        dataclasses.replace(each, name=evil, text=evil, evaluation="")
        for each in results.questions[:2]
    )
    runs = tuple(dataclasses.replace(run, reason=evil, folder=evil) for run in results.runs)
    made = dataclasses.replace(
        results, title=evil, about=evil, variants=variants, evaluations=(evaluation,),
        questions=questions, runs=runs, notes=(evil,),
        provenance=dataclasses.replace(
            results.provenance, commands=(evil,), plan=evil, versions={evil: evil},
            git={"commit": evil}, data={evil: ((evil, evil),)}, begun=evil,
        ),
    )  # fmt: skip
    folder = tmp_path / "a" / "report"
    path, page = written(made, folder)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "alert(1)" in page.text
    assert not [key for _, key, _ in page.attributes if key.startswith("on")]
    for each in (folder / "figures").iterdir():
        root = ElementTree.fromstring(each.read_text("utf-8"))
        assert "script" not in {tag.tag.rpartition("}")[2] for tag in root.iter()}
    assert {each.name for each in tmp_path.iterdir()} == {"a"}
    assert {each.name for each in (tmp_path / "a").iterdir()} == {"report"}
    assert "\x00" not in path.read_text("utf-8")
    compile_if_possible(folder / "tables", tmp_path)


def test_tables_of_the_example_compile(report, page, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    compile_if_possible(report / "tables", tmp_path)


def compile_if_possible(tables, folder):
    if shutil.which("pdflatex") is None:
        return
    inputs = "\n".join(
        rf"\input{{{path.as_posix()}}}\clearpage" for path in sorted(tables.glob("*.tex"))
    )
    text = (
        rf"\documentclass{{article}}{as_latex.PACKAGES}\begin{{document}}{inputs}\end{{document}}"
    )
    (folder / "all.tex").write_text(text)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all.tex"],
        cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alphas": ()}, "weights of frames were not recorded for any variant"),
        ({"strips": ()}, "No pictures have been drawn yet"),
        ({"answers": ()}, "Nobody has been measured on it yet"),
        ({"items": ()}, "the items have no tags and no known motion"),
    ],
)
def test_a_missing_part_of_the_evaluations_is_stated(results, tmp_path, change, said):
    if "items" in change:
        evaluations = tuple(
            dataclasses.replace(e, items=tuple(ItemFacts(i.name, i.scene) for i in e.items))
            for e in results.evaluations
        )
        made = dataclasses.replace(results, evaluations=evaluations)
    else:
        made = without(results, **change)
    assert said in written(made, tmp_path / "report")[1].text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"costs": ()}, "Time and memory have not been measured yet"),
        ({"evaluations": ()}, "Nothing has been evaluated yet"),
        ({"questions": ()}, "No question was asked"),
        ({"runs": ()}, "There are no runs yet"),
        ({"evaluations": (), "costs": (), "questions": (), "runs": (), "seeds": ()}, "no runs yet"),
    ],
)
def test_a_missing_part_of_the_ablation_is_stated(results, tmp_path, change, said):
    made = dataclasses.replace(results, **change)
    assert said in written(made, tmp_path / "report")[1].text


def test_one_seed_has_no_spread_and_says_so(results, tmp_path):
    evaluations = tuple(
        dataclasses.replace(
            each, answers=tuple(a for a in each.answers if a.seed in (None, 0)),
            alphas=tuple(a for a in each.alphas if a.seed == 0),
        )
        for each in results.evaluations
    )  # fmt: skip
    _, page = written(dataclasses.replace(results, evaluations=evaluations), tmp_path / "report")
    assert "(one seed)" in page.text
    assert "for these weights" in page.text
    assert "One seed: nothing here tells a better variant from a luckier training run" in page.text


def test_a_variant_whose_runs_all_failed_keeps_its_rows(results, tmp_path):
    evaluations = tuple(
        dataclasses.replace(each, answers=tuple(a for a in each.answers if a.model != "seven"))
        for each in results.evaluations
    )
    runs = tuple(
        dataclasses.replace(run, state="failed", reason="disk full")
        if run.variant == "seven" else run
        for run in results.runs
    )  # fmt: skip
    made = dataclasses.replace(results, evaluations=evaluations, runs=runs)
    _, page = written(made, tmp_path / "report")
    assert "disk full" in page.text
    assert "no scores of 'seven' yet" in page.text
    rows = [row for row in page.rows if row and row[0] == "7 frames" and "no scores yet" in row]
    assert len(rows) == len(results.evaluations)


def test_pictures_are_within_the_page_or_named_as_missing(results, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "secret.png").write_bytes(DOT)
    inner = tmp_path / "ablation"
    _, page = written(results, inner / "report")
    assert "pictures/a.png cannot be read" in page.text
    strip = dataclasses.replace(results.evaluations[0].strips[0], path="../secret.png")
    _, page = written(without(results, strips=(strip,)), inner / "report")
    assert "outside of the folder" in page.text
    assert "img" not in page.tags
    (tmp_path / "pictures" / "a.png").write_text("<svg onload=alert(1)>")
    _, page = written(results, inner / "report", root=tmp_path)
    assert "is no PNG file" in page.text
    (tmp_path / "pictures" / "a.png").write_bytes(DOT)
    path, page = written(results, inner / "report", root=tmp_path)
    assert page.tags.count("img") == 2
    assert "(<../../pictures/a.png>)" in (path.parent / "index.md").read_text("utf-8")


def test_writing_again_changes_nothing_and_removes_what_is_no_longer_part_of_it(results, tmp_path):
    folder = tmp_path / "report"
    write_report(results, folder, draws=200)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_report(results, folder, draws=200)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    mine = folder / "tables" / "mine.md"
    mine.write_text("kept")
    fewer = dataclasses.replace(results, evaluations=results.evaluations[:1])
    write_report(fewer, folder, draws=200)
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert not [name for name in left if "clips-even" in name]
    assert mine.read_text() == "kept"


def test_a_list_of_files_that_was_tampered_with_removes_nothing_else(results, tmp_path):
    folder = tmp_path / "report"
    write_report(results, folder, draws=200)
    precious = tmp_path / "precious.md"
    precious.write_text("kept")
    (folder / "files.json").write_text(
        json.dumps(["../precious.md", "tables/../../precious.md", 3])
    )
    write_report(results, folder, draws=200)
    assert precious.exists()


def test_a_report_that_cannot_be_written_leaves_the_old_one(results, tmp_path, monkeypatch):
    folder = tmp_path / "report"
    path = write_report(results, folder, draws=200)
    before = path.read_bytes()
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(TrainingError, match="No space left"):
        write_report(dataclasses.replace(results, title="Other"), folder, draws=200)
    assert path.read_bytes() == before
    assert not list(folder.rglob("*.partial"))


def test_a_file_in_the_way_is_one_clear_line(results, tmp_path):
    (tmp_path / "report").write_text("a file")
    with pytest.raises(TrainingError, match="cannot make"):
        write_report(results, tmp_path / "report", draws=200)


def test_variants_of_one_title_are_told_apart_by_name(results):
    same = tuple(dataclasses.replace(v, title="frames") for v in results.variants)
    tables = composed(dataclasses.replace(results, variants=same)).blocks(Table)
    cost = next(each for each in tables if each.name == "cost")
    assert [row[0].text for row in cost.rows] == ["three", "seven", "fifteen"]


def test_evaluations_whose_names_come_to_one_file_name_keep_a_table_each(results):
    pair = tuple(
        dataclasses.replace(each, name=name)
        for each, name in zip(results.evaluations, ("a.b", "a_b"), strict=True)
    )
    questions = tuple(dataclasses.replace(q, evaluation="") for q in results.questions[:1])
    made = dataclasses.replace(results, evaluations=pair, questions=questions)
    names = [each.name for kind in (Table, Figure) for each in composed(made).blocks(kind)]
    assert {"scores-a-b", "scores-a-b-2", "scenes-3-to-15-a-b-2"} <= set(names)
