"""Every Python block of the documentation runs as printed, top to bottom."""

import re
from pathlib import Path

import pytest
import torch

from lift15.data.sources import SOURCES
from lift15.evaluation.protocols import PROTOCOLS, READERS
from lift15.rife.keys import official_names
from vfiblocks import build_model
from vfiblocks.registry import MODELS, PART_REGISTRIES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
READS_RIFE = ("rife.md", "checkpoints.md")  # a file that their reader has
PRINTED = ("stages.md", "checkpoints.md")  # all that their blocks print stands on the page


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))],
    ids=lambda page: page.name,
)
def test_python_blocks_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for registry in (*PART_REGISTRIES.values(), MODELS, SOURCES, READERS, PROTOCOLS):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))  # pages register parts
    if page.name in READS_RIFE:
        weights = build_model("rife").state_dict()
        names = official_names(weights)
        torch.save({f"module.{names[n]}": value for n, value in weights.items()}, "flownet.pkl")
    namespace = {"__name__": "snippet"}
    for code in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(code, page.name, "exec"), namespace)
        printed = " ".join(capsys.readouterr().out.split())
        if page.name in PRINTED:
            assert printed in " ".join(page.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_resolve(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
