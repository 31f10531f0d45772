"""What users may rely on, as text: names, parameters and their defaults, registries, commands.

Run it to write ``public_surface.txt`` anew after a change that is meant:

    python tests/assembly/public_surface.py
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import vfiblocks
from vfiblocks.registry import MODELS, PART_REGISTRIES

FILE = Path(__file__).with_suffix(".txt")
PACKAGES = [
    "vfiblocks",
    *(
        module.name
        for module in pkgutil.walk_packages(vfiblocks.__path__, "vfiblocks.")
        if module.ispkg
    ),
]
"""Ours that say in ``__all__`` what is public."""

MODULES = [
    *PACKAGES,
    *("vfiblocks.checkpoints", "vfiblocks.doctor", "vfiblocks.errors", "vfiblocks.exporting"),
    *("vfiblocks.flows.smoothing", "vfiblocks.graph", "vfiblocks.losses.base", "vfiblocks.memory"),
    *("vfiblocks.metrics.base", "vfiblocks.plugins", "vfiblocks.registry", "vfiblocks.states"),
    *("vfiblocks.graph_stage", "vfiblocks.renames", "vfiblocks.tiling"),
    *("lift15", "lift15.ablation.grid", "lift15.ablation.plan", "lift15.data"),
    *("lift15.data.generated", "lift15.data.sources", "lift15.evaluation.baselines"),
    *("lift15.evaluation.bins", "lift15.evaluation.bins_motion", "lift15.evaluation.items"),
    *("lift15.evaluation.protocols", "lift15.evaluation.runner", "lift15.evaluation.statistics"),
    *("lift15.evaluation.statistics_power", "lift15.evaluation.statistics_ranks"),
    *("lift15.evaluation.statistics_scores", "lift15.long_videos", "lift15.rife", "lift15.specs"),
    *("lift15.training", "lift15.training.fit", "lift15.training.plan"),
    "lift15.training.watching",
]


def public_names(module: ModuleType) -> list[str]:
    """What ``__all__`` says, or else what the file itself defines without an underscore."""
    names = getattr(module, "__all__", None)
    if names is None:
        tree = ast.parse(inspect.getsource(module))
        names = [n for n in _defined(tree) if n[0] != "_" and len(n) > 1]  # no type variables
    return sorted(names)


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def surface() -> str:
    lines: list[str] = []
    for name in MODULES:
        module = importlib.import_module(name)
        lines += ["", f"[{name}]"]
        for word in public_names(module):
            lines += described(word, getattr(module, word))
    for stage, registry in PART_REGISTRIES.items():
        lines += ["", f"[{registry.group}]"]
        for name in ours(registry):
            options = [f"{k}{default_of(v)}" for k, v in registry.options(name).items()]
            lines.append(f"{stage} '{name}' {', '.join(options)}".rstrip())
    lines += ["", f"[{MODELS.group}]", *ours(MODELS), "", "[vfi]", *commands()]
    return "\n".join(lines[1:]) + "\n"


def ours(registry: Any) -> list[str]:
    """Without those of plugins that happen to be installed."""
    origins = {name: registry.origin(name) for name in registry.names()}
    return [n for n, of in origins.items() if re.match(r"(vfiblocks|lift15)[ .]", of)]


def described(name: str, value: Any) -> Iterator[str]:
    if inspect.ismodule(value):
        yield f"{name} (module)"
    elif inspect.isclass(value) and issubclass(value, Exception):
        yield f"{name}: {', '.join(base.__name__ for base in value.__bases__)}"
    elif inspect.isclass(value) and issubclass(value, Enum):
        yield f"{name}: {', '.join(value.__members__)}"
    elif inspect.isclass(value):
        yield f"{name}{signature(value)}"
        for word, member in sorted(vars(value).items()):
            member = getattr(member, "__func__", member)  # of class and static methods
            if word.startswith("_"):
                continue
            if inspect.isfunction(member):
                yield f"{name}.{word}{signature(member)}"
            elif isinstance(member, property):
                yield f"{name}.{word}"
    elif callable(value):
        yield f"{name}{signature(value)}"
    else:
        yield name


def signature(value: Any) -> str:
    """Parameters and defaults; types are for the type checker to keep."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):  # a protocol, an alias
        return ""
    shown, starred = [], False
    for parameter in parameters:
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            shown.append("*")
            starred = True
        if parameter.kind is parameter.VAR_POSITIONAL:
            starred = True
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        shown.append(
            f"{stars.get(parameter.kind, '')}{parameter.name}{default_of(parameter.default)}"
        )
    text = f"({', '.join(shown)})"
    # A class without a constructor of its own, or an alias: versions of Python and torch differ.
    return "" if text == "(*args, **kwargs)" and not inspect.isfunction(value) else text


def default_of(default: Any) -> str:
    if default is inspect.Parameter.empty:
        return ""
    if isinstance(default, str | int | float | bool | None | tuple):
        return f"={default!r}"
    return "=..."  # its text may differ between versions of Python and torch


def commands() -> Iterator[str]:
    import typer

    from lift15.cli import app

    root = typer.main.get_command(app)
    yield from walk("vfi", root)


def walk(path: str, command: Any) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is not None:
        for name, one in sorted(below.items()):
            yield from walk(f"{path} {name}", one)
        return
    arguments = [p.name.upper() for p in command.params if p.param_type_name == "argument"]
    options = sorted(
        "/".join((*p.opts, *p.secondary_opts))
        for p in command.params
        if p.param_type_name == "option" and p.name != "help"
    )
    yield " ".join((path, *arguments, *options))


if __name__ == "__main__":
    FILE.write_text(surface(), encoding="utf-8")
    print(f"wrote {FILE.name}")
