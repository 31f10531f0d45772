"""Memory counted on the meta device is what a run takes, and plans keep to limits."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from vfiblocks import build_model, find_spec
from vfiblocks.errors import InputError
from vfiblocks.memory import SLACK, peak_memory, plan_tiles, read_memory


@torch.no_grad()
def allocated(name: str, height: int, width: int) -> int:
    """Most bytes that torch had handed out at once during a run, weights included."""
    model = build_model(name).eval()
    frames = torch.rand(1, len(model.window), 3, height, width)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        model(frames)
    now = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    return weights + most + frames.numel() * 4


@pytest.mark.parametrize("name", ["rife", "rife-4.6", "rife-4.25"])
def test_counted_is_what_torch_hands_out(name: str):
    counted = peak_memory(find_spec(name), size=(128, 192))
    assert counted == pytest.approx(allocated(name, 128, 192), rel=0.2)


def test_plans_keep_to_the_limit():
    spec = find_spec("rife-4.25")
    assert plan_tiles(spec, size=(256, 448), max_memory=10**10) is None
    limit = 700 * 10**6
    tile = plan_tiles(spec, size=(1080, 1920), max_memory=limit)
    assert tile is not None
    assert SLACK * peak_memory(spec, size=tile) < limit
    with pytest.raises(InputError, match=r"the frames themselves take 0\.53 GB"):
        plan_tiles(spec, size=(2160, 3840), max_memory=3 * 10**8)


def test_what_cannot_be_counted():
    with pytest.raises(InputError, match="'classical' does not compute with torch alone"):
        peak_memory(find_spec("classical"), size=(64, 64))


@pytest.mark.parametrize("text", ["", "much", "0GB", "8 XB", "-1GB"])
def test_memory_that_is_none(text: str):
    with pytest.raises(InputError, match="8GB or 500MB"):
        read_memory(text)
