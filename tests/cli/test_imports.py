"""The command line starts without what only some commands need."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
LATE = {"cv2", "huggingface_hub", "lift15.ablation", "lift15.data", "lift15.training"}


def modules_of_extras() -> set[str]:
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    wanted = {
        line.partition(">")[0]
        for name, lines in extras.items()
        if name not in ("docs", "test", "dev")
        for line in lines
    }
    owners = metadata.packages_distributions()
    return {module for module, names in owners.items() if wanted & set(names)}


def test_no_module_of_an_extra_is_imported():
    code = "import sys, torch; before = set(sys.modules); import vfiblocks, lift15.cli;"
    code += "print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    late = modules_of_extras() | LATE
    assert {"av", "lightning", "lpips", "matplotlib", "skimage", "timm"} <= late
    assert set(done.stdout.split()) & late == set()
