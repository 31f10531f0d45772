"""Files about the project agree with each other."""

import tomllib
from pathlib import Path

import pytest

import vfiblocks

ROOT = Path(__file__).parents[2]


def test_the_citation_is_of_this_version_and_licence():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["title"] == project["name"]
    assert citation["version"] == vfiblocks.__version__
    assert citation["license"] == project["license"]
    assert citation["authors"] == project["authors"]
    for work in citation["references"]:
        assert {"type", "title", "authors", "year", "notes"} <= set(work)
        assert all({"family-names", "given-names"} == set(who) for who in work["authors"])
