"""Who may import whom: every import in the source, against the rule of its layer."""

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import vfiblocks

SOURCE = Path(vfiblocks.__file__).parents[1]

STAGES = {"encoders", "aggregators", "flows", "blenders", "refiners"}
BASES = {f"{stage}.base" for stage in STAGES}
GROUND = {"errors", "window", "states", "ops", "notebook"}
CONTRACT = {"ports", "registry"}
CORE = {*GROUND, *CONTRACT, *BASES, "plugins", "spec", "assembly", "checks", "interpolator"}
MODELS = {*CORE, "checkpoints", "build", "hub", "ledger", "model_card", "optimize", "stream"}

# Part of vfiblocks -> what it may import of the rest; its own modules go without saying.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "notebook": set(),
    "states": set(),
    "window": {"errors"},
    "ops": {"errors"},
    "layers": {"errors", "ops"},
    "ports": {"errors", "states"},
    "plugins": {"errors"},
    "registry": {"errors", "plugins", "renames"},
    "renames": set(),
    "spec": {"errors", "notebook", "states", "window"},
    **{stage: {*GROUND, *CONTRACT, "layers"} for stage in STAGES},
    "checks": {"errors", "window"},
    "interpolator": {*GROUND, *BASES, "checks", "ports", "spec"},
    "assembly": {*GROUND, *BASES, *CONTRACT, "interpolator", "spec"},
    "checkpoints": CORE,
    "ledger": CORE,
    "svg": set(),
    "graph": {*CORE, "ledger", "svg"},
    "graph_stage": {*CORE, "graph", "ledger", "svg"},
    "exporting": CORE,
    "optimize": CORE,
    "model_card": {*CORE, "ledger"},
    "hub": {*CORE, "checkpoints", "model_card"},
    "build": MODELS,
    "doctor": {*MODELS, "__version__"},
    "memory": CORE,
    "stream": CORE,
    "tiling": CORE,
    "testing": CORE,
    "perceptual": {"errors"},
    "losses": {"errors", "ops", "perceptual", "registry", "states"},
    "metrics": {"errors", "ops", "perceptual", "registry", "states"},
    "plots": {"errors", "ops", "states"},
    "video": {"errors", "ops", "states", "window"},
    "": {*MODELS, *STAGES, "losses", "metrics"},
}
# The other way round and at call time only: a fingerprint needs the registries, which need specs.
# A result draws itself with the plots, which need the states.
LATE = {("spec", "assembly"), ("states", "plots")}

# What a part may import from elsewhere at import time, where that differs from the usual.
ELSEWHERE: dict[str, set[str]] = {
    "plugins": {"entrypoints"},
    "checkpoints": {"torch", "safetensors"},
    "metrics": {"torch", "einops", "numpy"},
    "plots": {"torch", "einops", "numpy", "matplotlib"},  # in the figure's own file alone
    "video": {"torch", "einops", "numpy", "av"},
    "losses": {"torch", "einops", "numpy"},
}
USUAL = {"torch", "einops"}


@dataclass(frozen=True)
class Import:
    """One imported name; ``late`` if it happens inside a function."""

    file: str
    line: int
    name: str
    late: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.name}"


def imports(path: Path) -> Iterator[Import]:
    """All of a file's imports but those for the type checker."""
    yield from _walk(ast.parse(path.read_text(encoding="utf-8")), path, late=False)


def _walk(node: ast.AST, path: Path, *, late: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        where = (str(path.relative_to(SOURCE)), getattr(child, "lineno", 0))
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(*where, alias.name, late)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{path}:{child.lineno} imports relatively"
            for alias in child.names:
                yield Import(*where, f"{child.module}.{alias.name}", late)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, path, late=late or inside)


def part_of(path: Path) -> str:
    """The word of ALLOWED that a file falls under."""
    first = path.relative_to(SOURCE / "vfiblocks").parts[0]
    return first.removesuffix(".py").removeprefix("__init__")


FILES = sorted((SOURCE / "vfiblocks").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_vfiblocks_keeps_its_layers(path: Path):
    part = part_of(path)
    assert part in ALLOWED, f"no rule for '{part}' yet; add one that fits ARCHITECTURE"
    for found in imports(path):
        package, _, rest = found.name.partition(".")
        if package == "vfiblocks":
            first, second = (*rest.split("."), "", "")[:2]
            fits = first == part or first in ALLOWED[part] or f"{first}.{second}" in ALLOWED[part]
            assert fits or (found.late and (part, first) in LATE), f"{found} from '{part}'"
        elif package not in sys.stdlib_module_names and not found.late:
            assert package in ELSEWHERE.get(part, USUAL), f"{found} at import time"
        assert package != "lift15", f"{found}: vfiblocks knows no model by name"


LIFT15 = sorted((SOURCE / "lift15").rglob("*.py"))


@pytest.mark.parametrize("path", LIFT15, ids=lambda p: str(p.relative_to(SOURCE)))
def test_lift15_uses_public_names(path: Path):
    for found in imports(path):
        if not found.name.startswith("vfiblocks."):
            continue
        *parents, name = found.name.split(".")
        assert not any(word.startswith("_") for word in [*parents, name]), str(found)
        module = importlib.import_module(".".join(parents))
        public = getattr(module, "__all__", None)
        assert public is None or name in public, f"{found}, which {module.__name__} keeps private"


def test_only_one_module_knows_entrypoints():
    users = [f.file for path in FILES for f in imports(path) if f.name.startswith("entrypoints")]
    assert users == ["vfiblocks/plugins.py"]
