"""Every Python block of the documentation runs as printed, top to bottom."""

import re
from pathlib import Path

import pytest
import torch

from lift15.rife.keys import official_names
from vfiblocks import build_model

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))],
    ids=lambda page: page.name,
)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if page.name == "rife.md":  # which reads a file that its reader has
        weights = build_model("rife").state_dict()
        names = official_names(weights)
        torch.save({f"module.{names[n]}": value for n, value in weights.items()}, "flownet.pkl")
    namespace = {"__name__": "snippet"}
    for code in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(code, page.name, "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_resolve(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_message_printed_in_stages_is_the_real_one(capsys):
    page = (ROOT / "docs" / "stages.md").read_text(encoding="utf-8")
    namespace: dict = {}
    for code in BLOCK.findall(page):
        exec(code, namespace)
    printed = " ".join(capsys.readouterr().out.split())
    assert printed in " ".join(page.split())
