"""docs/protocols.md: names every protocol, and prints the numbers that were recorded."""

import json
import re
from pathlib import Path

import pytest

from lift15.evaluation.protocols import PROTOCOLS, READERS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")
RECORD = json.loads(
    (ROOT / "benchmarks" / "results" / "scores" / "clips_baselines.json").read_text()
)


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_every_protocol_is_described(name):
    written = re.sub(r"(snu-film)-(easy|medium|hard|extreme)", r"\1-LEVEL", name)
    assert f"`{written}`" in PAGE


def test_no_other_protocol_is_described():
    table = PAGE.partition("## The protocols")[2].partition("## Layouts")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    known = {re.sub(r"-(easy|medium|hard|extreme)", "-LEVEL", n) for n in PROTOCOLS.names()}
    assert named == known


@pytest.mark.parametrize("name", READERS.names())
def test_every_layout_is_described(name):
    assert f"| `{name}` |" in PAGE


def test_the_table_of_the_clips_is_what_was_recorded():
    block = PAGE.partition("<!-- clips -->")[2].partition("<!-- end -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in block.splitlines()
        if line.startswith("| `")
    ]
    recorded = [
        [f"`{s['protocol']}`", s["model"], f"{s['items']}"]
        + [f"{s['scores'][name]:.{digits}f}" for name, digits in RECORD["shown"].items()]
        for s in RECORD["summaries"]
    ]
    assert rows == recorded
