"""``lift15-pro``: what it costs, and that with context it is at first its own two-frame model."""

from pathlib import Path

import pytest
import torch

from lift15 import SPECS
from vfiblocks import (
    Interpolator,
    Window,
    build_model,
    describe,
    dry_run,
    find_spec,
    load_part,
    save,
)

PRO = sorted(name for name in SPECS if name.startswith("lift15-pro"))


def test_costs_stay_within_what_was_planned():
    """256x448: 14 frames worked out anew, two alone, and a stream's share of a picture."""
    whole, pair = (describe(find_spec(name)) for name in ("lift15-pro", "lift15-pro-2f"))
    assert whole.macs <= 60e9
    assert pair.macs <= 33e9
    assert whole.parameters <= 10e6
    encoder, *others = whole.entries
    alone = pair.entries[0].macs / 2  # one frame with every tap
    assert 2 * alone < encoder.macs < 14 * alone
    assert alone + sum(entry.macs for entry in others) <= 30e9


@pytest.mark.parametrize("name", [n for n in PRO if n not in ("lift15-pro", "lift15-pro-tiny")])
def test_every_switch_differs_from_the_whole_in_its_own_stage(name: str):
    whole, other = find_spec("lift15-pro"), find_spec(name)
    stages = [
        s
        for s in ("encoder", "aggregator", "flow", "blender", "refiner")
        if getattr(whole, s) != getattr(other, s)
    ]
    assert len(stages) == 1
    dry_run(other)


@torch.no_grad()
def test_context_starts_as_the_two_frame_model(tmp_path: Path):
    """Weights of the one fill the other, and the pictures are equal bit by bit."""
    whole = build_model("lift15-pro-tiny").eval()
    alone = build_model("lift15-pro-tiny", aggregator=None).eval()
    for parameter in alone.parameters():  # as if it had been trained
        parameter.add_(0.02 * torch.randn_like(parameter))
    report = load_part(whole, save(alone, tmp_path / "alone.safetensors"))
    assert not report.mismatched
    assert not report.surplus
    assert all("inject" in key or key.startswith("aggregator.") for key in report.missing)
    window = Window.hole(7, 3)
    frames = torch.rand(1, len(window), 3, 48, 64)
    found, wanted = whole(frames, window), alone(frames, window)
    assert torch.equal(found.image, wanted.image)
    assert torch.equal(found.motion.flow, wanted.motion.flow)
    assert found.context is not None


def test_context_is_learnt_in_two_steps():
    """The first step opens the projections, the second reaches the aggregator."""
    torch.manual_seed(0)
    model = build_model("lift15-pro-tiny").train()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    window = Window.hole(5, 2)
    frames, target = torch.rand(1, 4, 3, 32, 32), torch.rand(1, 3, 32, 32)
    reached = []
    for _ in range(2):
        optimizer.zero_grad()
        (model(frames, window).image - target).abs().mean().backward()
        gradients = [p.grad for p in model.aggregator.parameters() if p.grad is not None]
        reached.append(any(g.any() for g in gradients))
        optimizer.step()
    assert reached == [False, True]


def fitted(model: Interpolator, steps: int) -> list[float]:
    """Losses while one small batch is learnt by heart."""
    torch.manual_seed(0)
    content = torch.nn.functional.interpolate(torch.rand(2, 3, 12, 12), (48, 48), mode="bicubic")
    content = content.clamp(0, 1)
    frames = torch.stack([content[..., 8:40, x : x + 32] for x in (4, 8)], dim=1)
    target = content[..., 8:40, 6:38]
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(frames).image - target).abs().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def test_one_batch_is_learnt_by_motion():
    """Two pixels to either side: the loss falls to a third in 40 steps."""
    torch.manual_seed(0)
    model = build_model("lift15-pro-tiny", aggregator=None, window=Window.even(1, 1)).train()
    losses = fitted(model, 40)
    assert losses[-1] < losses[0] / 3
