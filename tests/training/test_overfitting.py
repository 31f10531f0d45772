"""One batch, again and again: whatever cannot learn that by heart cannot learn.

The pictures are waves of ten pixels, which a draft at a quarter of the size cannot show: what a
model begins with is far off.
"""

import math

import pytest
import torch

from lift15.data import arrange
from lift15.data.sources.base import Clip, ClipSource
from lift15.training import feed
from lift15.training.fit import train
from lift15.training.objective import build_objective
from lift15.training.watching import read_metrics
from vfiblocks import Truth, build_model, find_spec, list_models

PERIOD = 10.0  # pixels


def wave(time: float, side: int) -> torch.Tensor:
    """A picture (3, side, side) in [0, 1] of waves that go different ways."""
    y, x = torch.arange(float(side))[:, None], torch.arange(float(side))
    phase = torch.tensor([0.0, 2.0, 4.0])[:, None, None]
    across = torch.sin(2 * math.pi * (x + 1.5 * time) / PERIOD + phase)
    down = torch.sin(2 * math.pi * (y - time + 0.5 * x) / (1.3 * PERIOD) + 2 * phase)
    return 0.5 + 0.22 * across + 0.22 * down


class Waves(ClipSource):
    """One clip, as long as one window."""

    name = "waves:"

    def __init__(self, frames: int, side: int) -> None:
        self.clips = (Clip("a", frames, "a"),)
        self.side = side

    def read(self, clip, frames):
        return (torch.stack([wave(t, self.side) for t in frames]) * 255).round().byte()

    def data_hash(self):
        return "waves"


@pytest.mark.parametrize(
    ("name", "frames", "side", "settings"),
    [
        (
            "lift15-tiny",
            15,
            32,
            [
                "optimizer.lr=4e-3",
                "schedule.steps=120",
                "model.overrides.aggregator.dropout=0.0",
            ],
        ),
        (
            "rife",
            3,
            64,
            [
                "optimizer.lr=3e-3",
                "schedule.steps=60",
                "model.overrides.encoder.channels=[4, 8, 8, 16]",
                "model.overrides.flow.channels=[16, 16, 16]",
                "model.overrides.refiner.channels=4",
            ],
        ),
    ],
)
def test_training_learns_one_batch_by_heart(
    smoke, tmp_path, monkeypatch, name, frames, side, settings
):
    monkeypatch.setattr(
        feed,
        "open_data",
        lambda plan, **rest: arrange(plan, train=[Waves(frames, side)], **rest),
    )
    plan = smoke(
        f"model.name={name}",
        "run.batch=1",
        "run.log_every=1",
        "run.save_every=1000",
        "schedule.decay=cosine",
        "data.held_out=0",
        "data.layout={backwards = 0.0, whole = true}",
        f"data.augmentation={{crop = [{side}, {side}]}}",
        "data.augmentation.flips={horizontal = 0.0, vertical = 0.0}",
        "data.augmentation.turns={probability = 0.0}",
        "data.augmentation.channels={reversal = 0.0}",
        *settings,
    )
    train(plan, tmp_path / "run", say=str)
    losses = list(read_metrics(tmp_path / "run")["loss/total"].values())
    assert losses[-1] < losses[0] / 10


WITHOUT_WEIGHTS = dict.fromkeys(("classical", "classical-quadratic"), "it has nothing to learn")
RATES = {"lift15-s1-warped": 3e-4, "lift15-unet": 3e-4}
"""At 1e-3 the loss of these stays above a tenth for all 300 steps."""


def distinct_models():
    """Every named model once, though several names may stand for it."""
    seen = {}
    for name in list_models():
        seen.setdefault(find_spec(name).fingerprint, name)
    return list(seen.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", distinct_models())
def test_every_model_learns_one_batch_by_heart(name):
    if name in WITHOUT_WEIGHTS:
        pytest.skip(WITHOUT_WEIGHTS[name])
    needed = overfit(name, lr=RATES.get(name, 1e-3))
    print(f"{name}: {needed} steps")  # pytest -rP shows it
    assert needed is not None, f"{name} does not come to a tenth of its first loss"


def overfit(name: str, *, steps: int = 300, lr: float = 1e-3, say=None) -> int | None:
    """Steps until the loss is a tenth of what it was; None if there were not enough."""
    spec = find_spec(name)
    dropout = spec.aggregator is not None and spec.aggregator.name == "transformer"
    model = build_model(name, **({"aggregator": {"dropout": 0.0}} if dropout else {})).train()
    side = 64 if model.multiple <= 64 else model.multiple
    objective = build_objective({"l1": 1.0}, model)
    target, window = wave(0.0, side)[None], model.window
    frames = torch.stack([wave(p - window.target, side) for p in window.positions])[None]
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    first = None
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (step + 1) / 10) * (1 - step / steps)
        loss = objective(model(frames), Truth(target), window).total
        first = loss.item() if first is None else first
        if say is not None and step % 20 == 0:
            say(f"{name} {step} {loss.item():.4f}")
        if loss.item() < first / 10:
            return step
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return None
