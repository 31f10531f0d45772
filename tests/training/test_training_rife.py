"""RIFE learns from nothing with its objective, on one core and in seconds.

The pictures are waves that pan by the same few pixels everywhere. Motion is never told: that it is
found, on waves that were not trained on, is what the loss has to bring about.
"""

import math

import pytest
import torch
from torch import Tensor

from lift15.training import RIFEObjective
from vfiblocks import Interpolator, Window, build_model
from vfiblocks.metrics import psnr

PAN = (3.0, -2.0)  # pixels from the middle frame to the right one
SIDE = 64


def clip(batch: int, generator: torch.Generator, *, times: tuple[float, ...]) -> Tensor:
    """Frames (B, len(times), 3, SIDE, SIDE) in [0, 1], at times from 0 (left) to 1 (right)."""

    def uniform() -> Tensor:
        return torch.rand(batch, 3, 6, 1, 1, generator=generator)

    angle, phase = 2 * math.pi * uniform(), 2 * math.pi * uniform()
    frequency = 2 * math.pi / (10 + 30 * uniform())  # periods of 10 to 40 pixels
    y = torch.arange(float(SIDE))[:, None]
    x = torch.arange(float(SIDE))
    frames = []
    for time in times:
        along = (x - (2 * time - 1) * PAN[0]) * angle.cos() + (
            y - (2 * time - 1) * PAN[1]
        ) * angle.sin()
        frames.append(0.5 + 0.9 * torch.sin(frequency * along + phase).mean(dim=2))
    return torch.stack(frames, dim=1).clamp(0, 1)


def train(model: Interpolator, *, steps: int, times: tuple[float, ...]) -> list[float]:
    """Train; returns the total loss of every step."""
    objective = RIFEObjective(model.train(), teacher_channels=16)
    parameters = [*model.parameters(), *objective.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=1e-3)
    generator = torch.Generator().manual_seed(1)
    history = []
    for step in range(steps):
        time = times[step % len(times)]
        frames = clip(4, generator, times=(0, time, 1))
        result = model(frames[:, ::2], Window.even(1, 1, time))
        loss = objective(result, frames[:, 1], time=time)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        history.append(float(loss.total.detach()))
    return history


def narrow(name: str) -> Interpolator:
    return build_model(
        name,
        encoder={"channels": (4, 8, 8, 16)},
        flow={"channels": (16, 16, 16)},
        refiner={"channels": 4},
    )


@torch.no_grad()
def quality(model: Interpolator, time: float) -> tuple[float, float, Tensor]:
    """On unseen waves: PSNR of the model, of the references' mean, and the mean motion (2, 2)."""
    frames = clip(8, torch.Generator().manual_seed(99), times=(0, time, 1))
    result = model.eval()(frames[:, ::2], Window.even(1, 1, time))
    model.train()
    mean = frames[:, ::2].mean(dim=1)
    ours, plain = (
        float(psnr(picture, frames[:, 1], rounded=False).mean()) for picture in (result.image, mean)
    )
    return ours, plain, result.motion.flow.mean(dim=(0, 3, 4))


def test_rife_learns_from_scratch():
    model = narrow("rife")
    before, plain, _ = quality(model, 0.5)
    history = train(model, steps=50, times=(0.5,))
    after, _, motion = quality(model, 0.5)
    assert sum(history[-5:]) < 0.3 * sum(history[:5])
    assert after > before + 12
    assert after > plain + 10  # which is what a model without motion could reach
    pan = torch.tensor(PAN)
    torch.testing.assert_close(motion, torch.stack((-pan, pan)), rtol=0, atol=0.5)


@pytest.mark.slow
def test_rife_m_learns_what_time_means():
    times = (0.5, 0.25, 0.75)
    model = narrow("rife-m")
    train(model, steps=120, times=times)
    motion = {}
    for time in times:
        after, plain, motion[time] = quality(model, time)
        assert after > plain + 10
    # From the one time to the other the pictures pan by PAN, away from the left reference and
    # towards the right one.
    pan = torch.tensor(PAN)
    moved = motion[0.75] - motion[0.25]
    torch.testing.assert_close(moved, torch.stack((-pan, -pan)), rtol=0, atol=1.0)
