"""The diagnosis names what is there, what is missing and what is wrong with it."""

import importlib
import importlib.util
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import vfiblocks
from vfiblocks import doctor
from vfiblocks.doctor import Diagnosis, diagnose

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def package(diagnosis: Diagnosis, module: str):
    return next(p for p in diagnosis.packages if p.module == module)


def test_versions_are_the_ones_in_use():
    found = diagnose()
    assert found.vfiblocks == vfiblocks.__version__
    assert found.torch.startswith(torch.__version__)
    assert found.python.startswith(".".join(map(str, sys.version_info[:3])))
    assert found.threads == torch.get_num_threads()
    assert "rife" in found.plugins[f"vfiblocks {vfiblocks.__version__}"]["vfiblocks.models"]


def test_every_line_is_one_line_of_two_texts():
    for what, found in diagnose().lines():
        assert what
        assert found
        assert "\n" not in what + found


def test_what_to_install_agrees_with_pyproject():
    project = tomllib.loads(PYPROJECT.read_text())["project"]

    def named(requirements):
        return {re.split(r"[<>=\[]", line)[0] for line in requirements}

    distributions = {"av": "av", "skimage": "scikit-image", "timm": "timm"}
    for module, install in doctor.OPTIONAL.items():
        if extra := re.fullmatch(r"vfiblocks\[(\w+)\]", install):
            extras = project["optional-dependencies"][extra[1]]
            assert distributions[module] in named(extras)
        else:
            assert install in named(project["dependencies"])


def test_a_missing_package_comes_with_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "av" else find(name)
    )
    found = diagnose()
    assert package(found, "av").version is None
    assert ("av", "missing; pip install 'vfiblocks[video]'") in found.lines()
    assert found.ffmpeg == {}
    assert found.healthy == (not found.broken)


def test_a_package_that_is_there_but_does_not_import_is_a_problem(monkeypatch):
    load = importlib.import_module

    def without_opengl(name, *rest):
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return load(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without_opengl)
    found = diagnose()
    assert package(found, "cv2").problem == (
        "ImportError: libGL.so.1: cannot open shared object file"
    )
    assert not found.healthy


def test_two_distributions_of_one_module_are_a_problem(monkeypatch):
    pytest.importorskip("cv2")
    owners = {"cv2": ["opencv-python", "opencv-python-headless"]}
    monkeypatch.setattr(doctor.metadata, "packages_distributions", lambda: owners)
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "4.10")
    cv2 = package(diagnose(), "cv2")
    assert cv2.version == "opencv-python 4.10 and opencv-python-headless 4.10"
    assert cv2.problem == "2 distributions bring the same module; keep one"


def test_ffmpeg_libraries_are_those_of_av():
    av = pytest.importorskip("av")
    version = ".".join(map(str, av.library_versions["libavcodec"]))
    assert diagnose().ffmpeg["libavcodec"] == version


def test_accelerators_are_named_with_their_memory(monkeypatch):
    card = SimpleNamespace(name="Some GPU", total_memory=24 * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: card)
    found = diagnose()
    assert found.devices[:2] == ("cuda:0 Some GPU, 24 GiB", "cuda:1 Some GPU, 24 GiB")
    assert found.device_note is None


def test_an_accelerator_that_does_not_answer_is_noted(monkeypatch):
    def old_driver():
        warnings.warn("The NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", old_driver)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    found = diagnose()
    assert ("device", "cpu only") in found.lines()
    assert found.device_note == "The NVIDIA driver on your system is too old"


def test_nothing_slow_is_imported():
    code = (
        "import sys; from vfiblocks.doctor import diagnose; diagnose(); "
        "sys.exit('timm' in sys.modules or 'torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
