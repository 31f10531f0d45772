"""``vfi new-plugin``: what it writes works as it stands, and what is in the way stays."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from lift15.new_plugin import KINDS, choose_names, render, write_plugin
from vfiblocks import build_model, describe
from vfiblocks.errors import InputError
from vfiblocks.registry import MODELS, PART_REGISTRIES
from vfiblocks.testing import check_part

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "vfiblocks-laplacian"
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
NAME = "first-try"


def files_of(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@every_kind
def test_its_part_keeps_the_contract_and_its_model_builds(site, tmp_path, kind):
    folder, names = write_plugin(NAME, kind, tmp_path / "package")
    site.install_package(folder)
    assert PART_REGISTRIES[kind.word].origin(NAME) == "vfiblocks-first-try 0.1.0"
    assert "vfiblocks_first_try" not in sys.modules  # listed, not imported
    check_part(kind.word, NAME)
    (example,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    exec(example, {})
    if names.model:
        assert names.model in MODELS.names()
        model = build_model(names.model)
        assert getattr(model.spec, kind.word).name == NAME
        assert model.spec.description
        assert describe(model.spec).macs


def test_its_own_tests_pass(site, tmp_path):
    folder, _ = write_plugin(NAME, KINDS["refiner"], tmp_path / "package")
    site.install_package(folder)
    tests = run_tests(sys.executable, folder, PYTHONPATH=str(site.folder))
    assert tests.returncode == 0, tests.stdout
    assert "6 passed" in tests.stdout


def run_tests(python, folder, **environment):
    return subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder / "tests"],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
    )


@every_kind
@pytest.mark.parametrize("name", ["x-y", "abcdef-hijklmn-pqrst-xyz"], ids=["short", "long"])
def test_files_are_whole_whatever_the_length_of_the_name(kind, name):
    names = choose_names(name, kind, "")
    files = render(names, kind)
    for path, text in files.items():
        assert "$" not in text.replace("${{", ""), path
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        if path.endswith(".py"):
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 100, path
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["entry-points"][kind.group] == {name: f"{names.module}.{names.file}:{names.cls}"}
    assert "license" not in project  # the author's to choose
    assert "No licence is chosen yet" in files["LICENSE"]
    assert ("vfiblocks.models" in project["entry-points"]) == bool(names.model)


@pytest.mark.skipif(shutil.which("ruff", path=str(Path(sys.executable).parent)) is None,
                    reason="needs ruff")  # fmt: skip
@every_kind
def test_files_pass_the_style_check_that_their_ci_runs(tmp_path, kind):
    write_plugin("x-y", kind, tmp_path / "short")
    write_plugin("abcdef-hijklmn-pqrst-xyz", kind, tmp_path / "long")
    ruff = str(Path(sys.executable).parent / "ruff")
    for arguments in (("check",), ("format", "--check")):
        done = subprocess.run([ruff, *arguments, "--no-cache", tmp_path], capture_output=True)
        assert done.returncode == 0, done.stdout


def test_it_is_laid_out_as_the_example_by_hand(tmp_path):
    folder, _ = write_plugin(NAME, KINDS["refiner"], tmp_path / "package")
    made, by_hand = (
        tomllib.loads((where / "pyproject.toml").read_text()) for where in (folder, EXAMPLE)
    )
    assert set(made) == set(by_hand)
    for key in ("build-system",):
        assert made[key] == by_hand[key]
    assert made["tool"]["ruff"] == by_hand["tool"]["ruff"]
    assert made["tool"]["setuptools"] == by_hand["tool"]["setuptools"]
    assert set(made["project"]) == set(by_hand["project"]) - {"license"}
    assert made["project"]["entry-points"].keys() == by_hand["project"]["entry-points"].keys()
    assert {"pyproject.toml", "README.md", "src/vfiblocks_first_try/models.py"} <= files_of(folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Soft", "lower-case words with hyphens"),
        ("soft_edges", "lower-case words with hyphens"),
        ("-soft", "lower-case words with hyphens"),
        ("../soft", "lower-case words with hyphens"),
        ("3d", "lower-case words with hyphens"),
        ("", "lower-case words with hyphens"),
        ("s" * 25, "at most 24 letters"),
        ("vfiblocks-soft", "give the part's name alone"),
        ("class", "a word that Python or the package needs"),
        ("models", "a word that Python or the package needs"),
        ("refiner", "a class Refiner is used by the refiner itself"),
        ("tensor", "a class Tensor is used"),
        ("unet", "refiner 'unet' is taken by vfiblocks.refiners.unet"),
        ("s1", "model 'ifnet-s1' is taken by vfiblocks "),
    ],
)
def test_a_bad_or_taken_name_is_refused_and_nothing_is_written(tmp_path, name, said):
    with pytest.raises(InputError, match=said):
        write_plugin(name, KINDS["refiner"], tmp_path / "package")
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_installed_already_is_not_written_twice(site, tmp_path):
    folder, _ = write_plugin(NAME, KINDS["loss"], tmp_path / "package")
    site.install_package(folder)
    with pytest.raises(InputError, match="loss 'first-try' is taken by vfiblocks-first-try"):
        write_plugin(NAME, KINDS["loss"], tmp_path / "again")
    with pytest.raises(InputError, match="vfiblocks_first_try is installed here already"):
        write_plugin(NAME, KINDS["metric"], tmp_path / "again")


def test_what_is_in_the_way_stays_as_it_is(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("folder", "file", "link"):
        with pytest.raises(InputError, match="exists already and stays as it is"):
            write_plugin(NAME, KINDS["refiner"], tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder", "link"]


def test_where_nothing_can_be_written_nothing_is_left(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"cannot write .*gone/package: No such file"):
        write_plugin(NAME, KINDS["refiner"], tmp_path / "gone" / "package")
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(InputError, match=r"cannot write .*: full"):
        write_plugin(NAME, KINDS["refiner"], tmp_path / "package")
    assert list(tmp_path.iterdir()) == []


def _can_build():
    try:
        return int(metadata.version("setuptools").split(".")[0]) >= 77
    except metadata.PackageNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not _can_build(), reason="needs setuptools >= 77 to build offline")
def test_pip_installs_each_into_a_fresh_environment_and_their_own_tests_pass(tmp_path):
    python = fresh_environment(tmp_path / "environment")
    for kind in KINDS.values():
        source, _ = write_plugin(f"try-{kind.word}", kind, tmp_path / kind.word)
        pip = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
        built = subprocess.run([*pip, "--no-index", source], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        shutil.rmtree(source / "src")  # what is tested is what was installed
        tests = run_tests(python, source)
        assert tests.returncode == 0, tests.stdout
    command = [python, "-c", "from lift15.cli import main; main()"]
    listed = subprocess.check_output([*command, "components"], text=True)
    doctor = subprocess.run([*command, "doctor"], capture_output=True, text=True)
    assert doctor.returncode == 0, doctor.stdout
    for kind in KINDS:
        package = f"vfiblocks-try-{kind} 0.1.0"
        assert any(
            line.startswith(f"{kind}\ttry-{kind}\t") and line.endswith(package)
            for line in listed.splitlines()
        )
        assert f"plugin\t{package}; " in doctor.stdout


def fresh_environment(folder):
    """An environment of its own, in which what is installed here can be imported."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = next((folder / "bin").glob("python3.*"))
    find = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    own = Path(subprocess.check_output([python, "-c", find], text=True).strip())
    ours = {p for p in sys.path if p.endswith("site-packages")}
    lines = [f"import site; site.addsitedir({path!r})" for path in sorted(ours)]
    (own / "ours.pth").write_text("\n".join(lines))
    return python
