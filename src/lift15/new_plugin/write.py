"""The files of a new package, written all or none."""

from __future__ import annotations

import os
import secrets
import shutil
from importlib import resources
from pathlib import Path
from string import Template

import vfiblocks
from lift15.new_plugin.kinds import Kind
from lift15.new_plugin.names import Names, choose_names
from vfiblocks.errors import InputError

TEXTS = resources.files("lift15.new_plugin") / "files"
"""Texts to fill in; ``.txt``, so that nothing takes them for code of ours."""

PART, TEST = "part.py", "test_part.py"


def write_plugin(name: str, kind: Kind, folder: Path | None = None) -> tuple[Path, Names]:
    """Write a package with one working part, a model that uses it, tests and CI.

    Args:
        name: of the part.
        kind: of the part.
        folder: to write, which must not exist; ``vfiblocks-NAME`` here if not given.

    Returns:
        The folder, and what things are called in it.

    Raises:
        InputError: for a bad or taken name, a folder that exists, or one that cannot be written;
            then nothing is left behind.

    Example:
        >>> from lift15.new_plugin.kinds import KINDS
        >>> target = getfixture("tmp_path") / "new"
        >>> _, names = write_plugin("soft-edges", KINDS["refiner"], target)
        >>> (target / "src" / names.module / "soft_edges.py").is_file()
        True
    """
    names = choose_names(name, kind, _text(f"{kind.word}/{PART}") + _text(f"{kind.word}/{TEST}"))
    target = Path(names.package) if folder is None else folder
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists already and stays as it is; give another with --out")
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir()
        for path, text in render(names, kind).items():
            (partial / path).parent.mkdir(parents=True, exist_ok=True)
            (partial / path).write_text(text, encoding="utf-8")
        os.rename(partial, target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target, names


def render(names: Names, kind: Kind) -> dict[str, str]:
    """Path inside the package -> content, for every file.

    Example:
        >>> from lift15.new_plugin import KINDS, choose_names
        >>> len(render(choose_names("soft-edges", KINDS["refiner"], ""), KINDS["refiner"]))
        9
    """
    source = f"src/{names.module}"
    texts = {
        "pyproject.toml": "common/pyproject.toml",
        "README.md": "common/README.md",
        "LICENSE": "common/LICENSE",
        ".gitignore": "common/gitignore",
        ".github/workflows/test.yml": "common/test.yml",
        f"{source}/__init__.py": "common/init.py",
        f"{source}/{names.file}.py": f"{kind.word}/{PART}",
        f"tests/test_{names.file}.py": f"{kind.word}/{TEST}",
    }
    if names.model:
        texts[f"{source}/models.py"] = "common/models.py"
    words = _words(names, kind)
    return {path: Template(_text(text)).substitute(words) for path, text in texts.items()}


def _words(names: Names, kind: Kind) -> dict[str, str]:
    """What stands for what in the texts."""
    imports = [f"from {names.module}.{names.file} import {names.cls}"]
    points = [(kind.group, names.name, f"{names.module}.{names.file}:{names.cls}")]
    exported = [names.cls]
    if names.model:
        imports.append(f"from {names.module}.models import {names.constant}")
        points.append(("vfiblocks.models", names.model, f"{names.module}.models:{names.constant}"))
        exported.append(names.constant)
    words = {
        "name": names.name,
        "package": names.package,
        "module": names.module,
        "file": names.file,
        "cls": names.cls,
        "model": names.model,
        "constant": names.constant,
        "kind": kind.word,
        "summary": kind.summary,
        "article": "An" if kind.word[0] in "ae" else "A",
        "vfiblocks": ".".join(vfiblocks.__version__.split(".")[:2]),
        "base": kind.base,
        "base_import": f"from lift15.specs import {kind.base}",
        "model_summary": f"{kind.base.lower().replace('_', '-')} with {kind.word} '{names.name}'",
        "tree": _tree(names, kind),
        "entry_points": "\n\n".join(
            f'[project.entry-points."{group}"]\n{name} = "{target}"'
            for group, name, target in points
        ),
        "imports": "\n".join(sorted(imports, key=str.lower)),
        "exports": ", ".join(f'"{name}"' for name in sorted(exported, key=_as_ruff_sorts)),
    }
    words["override"] = Template(kind.override).substitute(words)
    commands = (f"vfi components {kind.word}", Template(kind.command).substitute(words))
    words["commands"] = "\n".join(filter(None, commands))
    words["example"] = _example(names, kind)
    return words


def _tree(names: Names, kind: Kind) -> str:
    """The files with what is in them, in two columns."""
    rows = [
        ("pyproject.toml", "announces what is in here"),
        (f"src/{names.module}/", ""),
        (f"  {names.file}.py", f"the {kind.word}"),
        ("  models.py", "a spec that uses it"),
        ("tests/", f"the contract that every {kind.word} keeps, and what this one promises"),
        ("LICENSE", "yours to choose"),
    ]
    if not names.model:
        del rows[3]
    wide = max(len(path) for path, _ in rows) + 4
    return "\n".join(f"{path:<{wide}}{about}".rstrip() for path, about in rows)


def _example(names: Names, kind: Kind) -> str:
    if names.model:
        return (
            "from vfiblocks import build_model\n\n"
            f'model = build_model("{names.model}")  # by the announced name'
        )
    if kind.word == "loss":
        return (
            "from lift15.training import build_objective\nfrom vfiblocks import build_model\n\n"
            'model = build_model("lift15-tiny")\n'
            f'objective = build_objective({{"l1": 1.0, "{names.name}": 0.5}}, model)'
        )
    return (
        f'from vfiblocks import METRICS\n\nmetric = METRICS.get("{names.name}")()\n'
        "# metric(image, truth): (B, 3, H, W) each, one number per picture"
    )


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants before classes."""
    return (0 if name.isupper() and len(name) > 1 else 1, name)


def _text(path: str) -> str:
    return (TEXTS / f"{path}.txt").read_text(encoding="utf-8")
