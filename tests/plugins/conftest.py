"""A folder on the import path that plugins are installed into, gone again after each test."""

import shutil
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from vfiblocks import plugins, registry

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "vfiblocks-laplacian"


class Site:
    """Installs packages the way pip leaves them: modules beside a ``*.dist-info`` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, distribution: str, entry_points: str | bytes, **modules: str) -> Path:
        """Write ``distribution`` (as "name-version") with its modules; returns its metadata."""
        for name, code in modules.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = self.folder / f"{distribution}.dist-info"
        info.mkdir(parents=True)
        if isinstance(entry_points, str):
            entry_points = textwrap.dedent(entry_points).encode()
        (info / "entry_points.txt").write_bytes(entry_points)
        plugins.rescan()
        return info

    def install_example(self) -> None:
        """The first example package; see :meth:`install_package`."""
        self.install_package(EXAMPLE)

    def install_package(self, source: Path) -> None:
        """A package as a build of it would look, without building."""
        shutil.copytree(source / "src", self.folder, dirs_exist_ok=True)
        project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
        lines = []
        for group, points in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
        distribution = f"{project['name'].replace('-', '_')}-{project['version']}"
        self.install(distribution, "\n".join(lines))


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    for one in (*registry.PART_REGISTRIES.values(), registry.MODELS):
        monkeypatch.setattr(one, "_entries", dict(one._entries))
    modules = dict(sys.modules)
    monkeypatch.syspath_prepend(str(folder))
    plugins.rescan()
    yield Site(folder)
    for name in set(sys.modules) - set(modules):
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    monkeypatch.undo()
    plugins.rescan()
