"""lift15's own models take the road of every plugin."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lift15 import SPECS
from vfiblocks import MODELS, find_spec, list_models, plugins

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
GROUP = "vfiblocks.models"


def declared():
    return tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"][GROUP]


def test_pyproject_announces_every_spec_under_its_name():
    assert set(declared()) == set(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_pyproject_announces_the_very_object(name):
    module, _, attribute = declared()[name].partition(":")
    assert getattr(importlib.import_module(module), attribute) is SPECS[name]


@pytest.mark.parametrize("name", SPECS)
def test_the_installed_package_announces_it(name):
    assert name in plugins.announcements(GROUP), "announced anew: pip install -e . again"
    assert MODELS.origin(name).startswith("vfiblocks ")
    assert find_spec(name) is SPECS[name]


def test_listing_models_does_not_import_the_study():
    code = (
        "import sys, vfiblocks; names = vfiblocks.list_models(); "
        "assert 'lift15' not in sys.modules; print(*names)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) >= set(SPECS)
    assert run.stderr == ""
    assert set(list_models()) >= set(SPECS)
