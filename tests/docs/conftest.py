import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def model_zoo() -> Iterator[ModuleType]:
    """What writes docs/models.md; it remembers the ledgers, which take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        yield importlib.import_module("benchmarks.model_zoo")
        patch.delitem(sys.modules, "benchmarks.model_zoo")
