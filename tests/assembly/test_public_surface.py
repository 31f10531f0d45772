"""What users may rely on stands in ``public_surface.txt``; nothing changes there unseen."""

import difflib
import importlib
import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import vfiblocks

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SURFACE = SimpleNamespace(**runpy.run_path(str(HERE / "public_surface.py")))
PACKAGES = SURFACE.PACKAGES


def test_the_surface_is_the_one_on_file():
    on_file = SURFACE.FILE.read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        on_file.splitlines(), SURFACE.surface().splitlines(), "on file", "now", lineterm="", n=1
    )
    shown = "\n".join(difference)
    assert not shown, (
        f"what users may rely on has changed:\n{shown}\nIf that is meant, run "
        "`python tests/assembly/public_surface.py`, say it in CHANGELOG.md, and see "
        "CONTRIBUTING.md on what goes away"
    )


def test_what_pages_and_examples_import_is_on_file():
    """What leads to a name makes it one that users may rely on."""
    on_file = SURFACE.FILE.read_text(encoding="utf-8")
    heads = re.split(r"^\[(.+)\]\n", on_file, flags=re.MULTILINE)[1:]
    known = {
        (module, re.split(r"\W", line)[0])
        for module, lines in zip(heads[::2], heads[1::2], strict=True)
        for line in lines.splitlines()
    }
    leads = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    leads += (ROOT / "docs" / "examples").rglob("*.py")
    leads += (ROOT / "src" / "lift15" / "new_plugin" / "files").rglob("*.txt")
    statement = re.compile(
        r"^(?:>>> )?from ((?:vfiblocks|lift15)(?:\.[.\w]+)?) import (?:\(([^)]+)\)|(.+))$",
        re.MULTILINE,
    )
    used = {
        (module, name.split()[0])
        for path in leads
        for module, wrapped, plain in statement.findall(path.read_text("utf-8"))
        for name in (wrapped or plain).partition("#")[0].replace("\n", " ").split(",")
        if name.strip() and "$" not in name
    }
    assert len(used) > 50
    assert used - known == set()


def test_announced_models_are_the_specs_of_lift15():
    from lift15 import SPECS

    ours = [n for n in vfiblocks.MODELS.names() if vfiblocks.MODELS.origin(n).startswith("vfi")]
    assert sorted(SPECS) == sorted(n for n in ours if "laplacian" not in n)
    for name, spec in SPECS.items():
        assert vfiblocks.find_spec(name) is spec
        assert spec.description


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_explicit_and_sorted(name: str):
    module = importlib.import_module(name)
    names = module.__all__
    assert len(names) == len(set(names))
    constants = sorted(n for n in names if n.isupper() and len(n) > 1)
    classes = sorted(n for n in names if n not in constants and n[0].isupper())
    functions = sorted(n for n in names if n[0].islower())
    assert list(names) == [*constants, *classes, *functions]  # as ruff's RUF022 sorts


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_documented(name: str):
    module = importlib.import_module(name)
    for word in module.__all__:
        value = getattr(module, word)
        if inspect.isclass(value) or inspect.isfunction(value) or inspect.ismodule(value):
            assert inspect.getdoc(value), f"{name}.{word} has no docstring"


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_warns_of_nothing_and_brings_in_little():
    """Torch's own imports are torch's business; what comes on top is ours."""
    brought = run(
        "import sys, torch; before = set(sys.modules); import vfiblocks;"
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before})"
    ).split()
    elsewhere = set(brought) - set(sys.stdlib_module_names) - {"torch"}
    assert elsewhere <= {"vfiblocks", "einops", "entrypoints", "safetensors", "numpy"}


def test_listing_imports_no_model_package():
    listed = run(
        "import sys, vfiblocks; print(*vfiblocks.list_models());"
        "assert not {'lift15', 'timm', 'cv2', 'av', 'huggingface_hub'} & set(sys.modules)"
    )
    assert "lift15-s1" in listed.split()
