"""One sample of a batch and what a model made of it, as one labelled picture."""

from __future__ import annotations

import torch
from torch import Tensor

from lift15.data.batch import Batch
from lift15.training.watching.alpha_map import frame_ranks
from vfiblocks import Interpolation, Truth
from vfiblocks.metrics import psnr
from vfiblocks.plots import (
    Panel,
    bars,
    error_legend,
    error_panel,
    filmstrip,
    flow_panels,
    lettering,
    share_panel,
    visibility_panels,
    whole_flow,
    whole_picture,
)

COLUMNS = 4
LEAST_HEIGHT, MOST_HEIGHT = 192, 320
"""Of a panel: the pictures' own height in between, so that pixels are seen as they are."""

SLOWEST = 1.0
"""Pixels of motion shown at full colour at least: that of an untrained model is next to nothing,
and would look like a storm at its own scale."""


def draw_sample(result: Interpolation, batch: Batch, *, index: int = 0, title: str = "") -> Tensor:
    """References, draft, result, truth, errors, motion, visibility and weights of one sample.

    The weights of the frames are shown if the model has an aggregator, else how much of the blend
    is the left reference's. Where the batch knows the true motion, a row of it follows.

    Args:
        result: what a model in ``eval()`` returned for the batch.
        batch: on the same device.
        index: which sample.
        title: above everything; the sample's name is added.

    Returns:
        (3, H, W) in [0, 1], on the CPU.
    """
    truth = batch.truth()
    target, made = truth.image[index], result.image[index].float().clamp(0.0, 1.0)
    draft = whole_picture(result, result.draft.image[index].float().clamp(0.0, 1.0))
    left, right = (whole_picture(result, picture) for picture in result.references[index].float())
    flow = whole_flow(result, result.motion, index=index)
    true_flow = _true_flow(truth, index)
    fastest = _fastest(flow if true_flow is None else torch.cat((flow, true_flow)))
    size = _shown(batch)
    last = share_panel(result, index=index)
    if result.context is not None:
        last = _weights_panel(result.context.weights[index], batch, index)
    panels = [
        Panel("left reference", left),
        Panel("right reference", right),
        Panel(f"draft {_score(draft, target)}", draft),
        Panel(f"result {_score(made, target)}", made),
        Panel("truth", target),
        last,
        error_panel(draft, target, label="error of draft"),
        error_panel(made, target, label="error of result"),
        *flow_panels(flow, largest=fastest, size=size),
        *visibility_panels(result, index=index),
    ]
    if true_flow is not None and truth.visible is not None:
        seen = truth.visible[index].float()
        panels += [
            *flow_panels(true_flow, what="true flow", largest=fastest, size=size),
            Panel("truly in left", seen[0]),
            Panel("truly in right", seen[1]),
        ]
    strip = filmstrip(panels, columns=COLUMNS, height=size[0])
    head = torch.ones(3, 28, strip.shape[-1])
    heading = f"{title}  {batch.names[index]}".strip()
    head[:, :, 8:] = lettering(heading, (28, strip.shape[-1] - 8), scale=0.55)
    foot = torch.ones(3, 32, strip.shape[-1])
    legend = error_legend(220)
    foot[:, : legend.shape[-2], 8:228] = legend
    return torch.cat((head, strip, foot), dim=1)


def _weights_panel(weights: Tensor, batch: Batch, index: int) -> Panel:
    """The alphas in order of time; orange are the references, the line is equal shares."""
    ranks, valid = frame_ranks(batch.window), batch.valid[index].tolist()
    order = sorted(range(len(ranks)), key=ranks.__getitem__)
    picture = bars(
        weights[order],
        [f"{ranks[i]:+d}" for i in order],
        size=_shown(batch),  # so that its letters are not enlarged
        line=1.0 / max(sum(valid), 1),
        strong=[place for place, i in enumerate(order) if abs(ranks[i]) == 1],
        missing=[place for place, i in enumerate(order) if not valid[i]],
    )
    return Panel("weight of each frame", picture)


def _shown(batch: Batch) -> tuple[int, int]:
    """Height and width of a panel."""
    height, width = batch.target.shape[-2:]
    shown = min(max(height, LEAST_HEIGHT), MOST_HEIGHT)
    return shown, round(shown * width / height)


def _true_flow(truth: Truth, index: int) -> Tensor | None:
    if truth.flow is None or truth.known is None or not bool(truth.known[index]):
        return None
    return truth.flow[index].float()


def _fastest(flow: Tensor) -> float:
    """The speed that all but a hundredth of the pixels keep below: one stray pixel is no scale."""
    speed = torch.linalg.vector_norm(flow, dim=-3).flatten()
    rank = max(1, round(0.99 * len(speed)))
    return max(float(speed.kthvalue(rank).values), SLOWEST)


def _score(image: Tensor, truth: Tensor) -> str:
    return f"{float(psnr(image, truth)):.2f} dB"
