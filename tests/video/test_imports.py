"""Importing costs nothing, and a missing PyAV is explained."""

import subprocess
import sys

import pytest

import vfiblocks.video
from vfiblocks.errors import MissingDependency
from vfiblocks.video import open_source


def test_importing_brings_no_heavy_packages() -> None:
    code = (
        "import sys, vfiblocks.video; "
        "print([name for name in ('av', 'cv2', 'timm', 'skimage') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_sorted_and_there() -> None:
    names = vfiblocks.video.__all__
    assert names == sorted(names)
    assert all(hasattr(vfiblocks.video, name) for name in names)


def test_without_pyav_the_message_says_what_to_install(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match=r"pip install vfiblocks\[video\]"):
        open_source(__file__)
