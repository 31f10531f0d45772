"""The distribution, built once, and environments that hold it instead of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "tests", "benchmarks", "site", "build")


@dataclass(frozen=True)
class Built:
    """The two files that a release consists of, and the tree that they were made from."""

    source: Path
    sdist: Path
    wheel: Path


@dataclass(frozen=True)
class Environment:
    """A Python of its own, with the wheel installed in it."""

    folder: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("python", *arguments)

    def vfi(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self._run("vfi", *map(str, arguments))

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_"))}
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            env={**kept, "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"},
            cwd=self.folder,  # far from the checkout
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An sdist of the tree, and the wheel of that sdist: what the one lacks, the other lacks."""
    pytest.importorskip("hatchling", reason="builds offline with what is installed")
    source, made = tmp_path_factory.mktemp("tree") / "vfiblocks", tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    shutil.copy(ROOT / ".gitignore", source)
    # What a release must not hold, where a builder would find it.
    for folder in ("tests", "benchmarks"):
        (source / folder).mkdir()
        (source / folder / "test_nothing.py").write_text("raise SystemExit\n")
    call([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", made], cwd=source)
    (sdist,) = made.glob("vfiblocks-*.tar.gz")
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    call([sys.executable, "-m", "pip", "wheel", "-q", *offline, "-w", made, sdist], cwd=made)
    (wheel,) = made.glob("vfiblocks-*-py3-none-any.whl")
    return Built(source, sdist, wheel)


@pytest.fixture(scope="session")
def full(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """As ``pip install vfiblocks[test]``: everything that is installed here can be imported."""
    here = [p for p in sys.path if p.endswith("site-packages")]
    return environment(tmp_path_factory.mktemp("full"), built.wheel, here)


@pytest.fixture(scope="session")
def plain(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """As ``pip install vfiblocks``: what it requires can be imported, and nothing else."""
    links = tmp_path_factory.mktemp("required")
    for name in sorted(required("vfiblocks") - {"vfiblocks"}):
        link_distribution(name, links)
    return environment(tmp_path_factory.mktemp("plain"), built.wheel, [str(links)])


def environment(folder: Path, wheel: Path, path: list[str]) -> Environment:
    call([sys.executable, "-m", "venv", "--without-pip", folder])
    python = folder / "bin" / "python"
    # Before the path is added: pip must not see, and replace, what is installed there.
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"]
    call([*pip, "--no-index", wheel])
    find = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    own = Path(call([python, "-c", find]).strip())
    # Plain lines: Python does not look for .pth files there, so the checkout stays out of sight.
    (own / "installed-here.pth").write_text("\n".join(path))
    return Environment(folder)


def required(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Names of all distributions that ``pip install name[extras]`` installs, itself included."""
    requirements = pytest.importorskip("packaging.requirements")
    seen: set[tuple[str, frozenset[str]]] = set()

    def walk(name: str, extras: frozenset[str]) -> Iterator[str]:
        if (name, extras) in seen:
            return
        seen.add((name, extras))
        yield name
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of an extra that is not installed here
            lines = []
        for line in lines:
            wanted = requirements.Requirement(line)
            marker = wanted.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *extras)):
                yield from walk(canonical(wanted.name), frozenset(wanted.extras))

    return set(walk(canonical(name), extras))


def link_distribution(name: str, folder: Path) -> None:
    """Make one installed distribution, and no other, importable from ``folder``."""
    found = metadata.distribution(name)
    for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
        link = folder / top
        if not link.exists():  # folders such as nvidia are shared by several
            link.symlink_to(found.locate_file(top))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def call(command: list[str | Path], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def modules_of_extras() -> set[str]:
    """Top-level modules that extras bring and the plain installation does not."""
    extras = frozenset(metadata.metadata("vfiblocks").get_all("Provides-Extra") or ())
    more = required("vfiblocks", extras - {"docs", "dev"}) - required("vfiblocks")
    return {
        module
        for module, names in metadata.packages_distributions().items()
        if {canonical(name) for name in names} <= more
    }
