"""What pages print is what commands print, and pictures drawn by commands are theirs."""

import re
from pathlib import Path

import pytest

from lift15.new_plugin import KINDS, choose_names, render
from vfiblocks import build_model, describe, find_spec
from vfiblocks.graph import draw_assembly
from vfiblocks.graph_stage import draw_stage
from vfiblocks.spec import STAGES

DOCS = Path(__file__).parents[2] / "docs"


def words(text: str) -> str:
    return " ".join(text.split())


def test_specs_models_and_ledgers_look_as_printed():
    page = words((DOCS / "looking-at-models.md").read_text(encoding="utf-8"))
    spec = find_spec("lift15-tiny")
    for thing in (spec, build_model(spec), describe(spec)):
        assert words(repr(thing)) in page


def test_the_drawing_is_the_one_that_the_command_makes():
    """Else: vfi describe lift15-s1 --graph docs/pictures/lift15-s1.svg, and look at it."""
    drawn = draw_assembly(find_spec("lift15-s1"), title="lift15-s1")
    assert (DOCS / "pictures" / "lift15-s1.svg").read_text(encoding="utf-8") == drawn


@pytest.mark.parametrize("stage", STAGES)
def test_the_drawings_of_stages_are_those_that_the_command_makes(stage):
    """Else: vfi describe lift15-s1 --stage STAGE --graph docs/pictures/stage-STAGE.svg."""
    drawn = draw_stage(find_spec("lift15-s1"), stage, title=f"{stage} of lift15-s1")
    assert (DOCS / "pictures" / f"stage-{stage}.svg").read_text(encoding="utf-8") == drawn


def test_a_new_plugin_has_the_files_that_are_listed():
    page = (DOCS / "add-a-component.md").read_text(encoding="utf-8")
    kind = KINDS["refiner"]
    files = render(choose_names("soft-edges", kind, ""), kind)
    listed = re.findall(r"^vfiblocks-soft-edges/(.+)$", page, re.MULTILINE)
    assert listed == sorted(files)
    (part,) = [text for path, text in files.items() if path.endswith("/soft_edges.py")]
    summary = re.search(r"^refiner\tsoft-edges\t(.+?)\t", page, re.MULTILINE)[1]
    assert f'    """{summary}\n' in part


def test_costs_of_lift15_pro_are_those_of_the_ledger(model_zoo):
    page = (DOCS / "lift15-pro.md").read_text(encoding="utf-8")
    costs = page.partition("<!-- costs -->")[2].partition("<!-- end -->")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| ([\d,]+) \| ([\d.]+) \|", costs, re.MULTILINE)
    assert {"lift15-pro", "lift15-pro-2f", "lift15-pro-tiny"} < {name for name, *_ in rows}
    for name, parameters, macs in rows:
        ledger = model_zoo.read_model((name,)).ledger
        assert (f"{ledger.parameters:,}", f"{ledger.macs / 1e9:.2f}") == (parameters, macs)
