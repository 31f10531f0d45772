"""What finished runs made of context and motion: ``python benchmarks/context_start.py RUN...``.

On generated clips of the validation split, whose motion is known: the error of the flow where the
target is seen, beside the length of the motion itself, and what references and context contribute
to the first convolution of the coarse flow estimator, as the spread over the picture of each
one's part of the sum.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lift15.data.sources.text import open_source_by_text
from vfiblocks import load
from vfiblocks.ops import resize_flow

CLIPS = 12
SOURCE = f"generated:?clips={CLIPS}&height=64&width=64&subset=occlusion&split=validation"


def spread(x: Tensor) -> float:
    """Root mean square of what differs from place to place."""
    return float((x - x.mean((-2, -1), keepdim=True)).square().mean().sqrt())


@torch.no_grad()
def measure(run: Path) -> dict[str, float]:
    """Means over clips, for one run folder."""
    model, source = load(run / "model.safetensors"), open_source_by_text(SOURCE)
    first = next(layer for layer in model.flow.coarse.modules() if isinstance(layer, nn.Conv2d))
    seen: list[Tensor] = []
    first.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    rows: list[dict[str, float]] = []
    for clip in range(CLIPS):
        frames = source.read(clip, range(17)).float() / 255
        window = model.window if len(model.window) > 2 else model.window.shifted(8)
        target = 8
        positions = [int(p - window.target) + target for p in window.positions]
        out = model(frames[positions][None], window)
        truth = source.motion(clip, target, (target - 1, target + 1))
        assert truth is not None
        flow = resize_flow(out.motion.flow, (64, 64))[0]
        error = (flow - truth.flow).norm(dim=1, keepdim=True)[truth.visible].mean()
        length = truth.flow.norm(dim=1, keepdim=True)[truth.visible].mean()
        row = {"error": float(error), "motion": float(length)}
        if out.context is not None:
            inputs, at = seen[-1], 2 * model.encoder.taps[model.flow.coarse_stride]
            until = at + out.context.features.shape[1]
            row["references"] = spread(F.conv2d(inputs[:, :at], first.weight[:, :at], padding=1))
            row["context"] = spread(
                F.conv2d(inputs[:, at:until], first.weight[:, at:until], padding=1)
            )
        rows.append(row)
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


if __name__ == "__main__":
    print("run\tflow error px\tmotion px\tfrom references\tfrom context")
    for name in sys.argv[1:]:
        found = measure(Path(name))
        print(name, *(f"{value:.3f}" for value in found.values()), sep="\t")
