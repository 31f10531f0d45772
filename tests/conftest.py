"""Shared set-up: reproducible runs, one thread, clips and GPU tests only where there are any."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    deadline=None,  # the first call of a kernel is slow, and that is no failure
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the autouse seed below
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# Tensors here are small: threads that wait for each other on a shared machine cost up to a hundred
# times what they save.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Start every test from the same random state, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def dev_clips() -> Path:
    """Folder of short real clips: $VFI_DEV_CLIPS, or shared/data/dev beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev"
    folder = Path(os.environ.get("VFI_DEV_CLIPS", beside))
    if not folder.is_dir():
        pytest.skip(f"no test clips in {folder}; set VFI_DEV_CLIPS to a folder that has them")
    return folder
