"""What finished runs made of context and motion: ``python benchmarks/context_start.py RUN...``.

On generated clips of the validation split, whose motion is known: the error of the flow where the
target is seen, beside the length of the motion itself; and, for models with context, what the first
convolution of the coarse flow estimator reads and makes of it, before and after the training.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lift15.data.sources.base import ClipSource
from lift15.data.sources.text import open_source_by_text
from vfiblocks import Interpolator, build_model, load
from vfiblocks.ops import resize_flow

CLIPS = 12
SOURCE = f"generated:?clips={CLIPS}&height=64&width=64&subset=occlusion&split=validation"
TARGET = 8
"""Index into a clip of seventeen frames."""


def spread(x: Tensor) -> float:
    """Root mean square of what differs from place to place."""
    return float((x - x.mean((-2, -1), keepdim=True)).square().mean().sqrt())


@torch.no_grad()
def measure(model: Interpolator, source: ClipSource) -> dict[str, float]:
    """Means over clips: flow error and length of the motion in pixels; spreads, root mean squares.

    ``references`` and ``context`` are the spread of what the convolution reads, ``apart`` that of
    the difference of the two references; ``from ...`` is the spread of each one's part of the sum
    that it makes, ``weights ...`` the root mean square of the weights on either.
    """
    first = next(layer for layer in model.flow.coarse.modules() if isinstance(layer, nn.Conv2d))
    seen: list[Tensor] = []
    hook = first.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    rows: list[dict[str, float]] = []
    for clip in range(CLIPS):
        frames = source.read(clip, range(17)).float() / 255
        window = model.window if len(model.window) > 2 else model.window.shifted(TARGET)
        positions = [int(p - window.target) + TARGET for p in window.positions]
        out = model(frames[positions][None], window)
        truth = source.motion(clip, TARGET, (TARGET - 1, TARGET + 1))
        assert truth is not None
        flow = resize_flow(out.motion.flow, (64, 64))[0]
        error = (flow - truth.flow).norm(dim=1, keepdim=True)[truth.visible].mean()
        length = truth.flow.norm(dim=1, keepdim=True)[truth.visible].mean()
        row = {"error": float(error), "motion": float(length)}
        if out.context is not None:
            at = 2 * model.encoder.taps[model.flow.coarse_stride]
            until = at + out.context.features.shape[1]
            pair, context = seen[-1][:, :at], seen[-1][:, at:until]
            on_pair, on_context = first.weight[:, :at], first.weight[:, at:until]
            row |= {
                "references": spread(pair),
                "apart": spread(pair[:, : at // 2] - pair[:, at // 2 :]),
                "context": spread(context),
                "from references": spread(F.conv2d(pair, on_pair, padding=1)),
                "from context": spread(F.conv2d(context, on_context, padding=1)),
                "weights references": float(on_pair.square().mean().sqrt()),
                "weights context": float(on_context.square().mean().sqrt()),
            }
        rows.append(row)
    hook.remove()
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def show(name: str, found: dict[str, float]) -> None:
    """One line."""
    print(name, *(f"{key} {value:.3f}" for key, value in found.items()), sep="  ", flush=True)


if __name__ == "__main__":
    clips = open_source_by_text(SOURCE)
    for run in sys.argv[1:]:
        trained = load(Path(run) / "model.safetensors")
        torch.manual_seed(0)  # one untrained model of the same spec, not the one the run began with
        show(f"{run} untrained", measure(build_model(trained.spec).eval(), clips))
        show(f"{run} trained", measure(trained, clips))
