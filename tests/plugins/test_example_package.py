"""The example packages, installed as a reader of their README would."""

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch

from vfiblocks import REFINERS, build_model, describe, list_models, load, save
from vfiblocks.errors import CheckpointError

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_its_models_are_listed_without_importing_it(site):
    site.install_example()
    assert list_models("*-laplacian") == ["ifnet-laplacian", "lift15-laplacian"]
    assert REFINERS.origin("laplacian-detail") == "vfiblocks-laplacian 0.1.0"
    assert not [name for name in sys.modules if name.startswith("vfiblocks_laplacian")]


def test_its_part_is_used_by_model_name_and_by_override(site):
    site.install_example()
    by_name = build_model("ifnet-laplacian")
    by_override = build_model("rife", encoder=None, refiner="laplacian-detail")
    assert by_name.spec.fingerprint == by_override.spec.fingerprint
    assert build_model("ifnet-laplacian", refiner={"levels": 2}).refiner.multiple == 4


def test_a_checkpoint_of_it_says_what_is_missing_where_it_is_not_installed(
    site, tmp_path, monkeypatch
):
    site.install_example()
    model = build_model("lift15-tiny", refiner="laplacian-detail").eval()
    path = save(model, tmp_path / "tiny.safetensors")
    frames = torch.rand(1, 14, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(load(path)(frames).image, model(frames).image)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(site.folder)])
    monkeypatch.delitem(REFINERS._entries, "laplacian-detail")
    with pytest.raises(CheckpointError, match="cannot be assembled: unknown refiner 'laplacian-de"):
        load(path)


def test_describe_counts_it_like_any_part(site):
    site.install_example()
    ledger = describe(build_model("ifnet-laplacian").spec)
    assert ledger.entries[-1].stage == "refiner"
    assert ledger.entries[-1].parameters == 2035
    assert ledger.macs is not None


def _can_build():
    if not (importlib.util.find_spec("setuptools") and importlib.util.find_spec("pip")):
        return False
    return int(metadata.version("setuptools").split(".")[0]) >= 77  # what its pyproject asks for


@pytest.mark.slow
@pytest.mark.skipif(not _can_build(), reason="needs pip and setuptools >= 77 to build offline")
@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.iterdir()))
def test_pip_installs_it_and_its_own_tests_pass(tmp_path, name):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(EXAMPLES / name, source)  # a build leaves traces beside the source
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", "-q", *offline, "--target", target, source]
    built = subprocess.run(pip, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert list(target.glob("*-0.1.0.dist-info/entry_points.txt"))
    shutil.rmtree(source / "src")  # what is tested is what was installed
    path = os.pathsep.join(filter(None, (str(target), os.environ.get("PYTHONPATH"))))
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", source],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "2"},
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert tests.returncode == 0, tests.stdout
