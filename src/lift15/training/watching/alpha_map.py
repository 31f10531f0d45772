"""The weights of the frames over the steps of a run, as one picture."""

from __future__ import annotations

import torch
from torch import Tensor

from lift15.training.watching.metrics_file import Metrics
from vfiblocks import Window
from vfiblocks.plots import heat_map

PREFIX = "alphas/"
COLUMNS = 160
"""Of the picture; the records of a long run are averaged in groups."""


def frame_ranks(window: Window) -> tuple[int, ...]:
    """How many frames before (negative) or after the target each frame of a window is.

    Ranks and not positions, so that windows of one reach share their curves whatever their gaps.

    >>> frame_ranks(Window.hole(5, 2)), frame_ranks(Window.even(2, 2))
    ((-2, -1, 1, 2), (-2, -1, 1, 2))
    """
    order = sorted(range(len(window)), key=window.positions.__getitem__)
    ranks = [0] * len(window)
    for place, index in enumerate(order):
        ranks[index] = place - window.left + (place >= window.left)
    return tuple(ranks)


def alpha_name(rank: int) -> str:
    """What the weight of a frame is recorded as.

    >>> alpha_name(-2), alpha_name(1)
    ('alphas/left-2', 'alphas/right-1')
    """
    return f"{PREFIX}{'left' if rank < 0 else 'right'}-{abs(rank)}"


def rank_of(name: str) -> int:
    """The other way round.

    >>> rank_of("alphas/left-2")
    -2
    """
    side, _, distance = name.removeprefix(PREFIX).rpartition("-")
    return int(distance) if side == "right" else -int(distance)


def draw_alphas(metrics: Metrics) -> Tensor | None:
    """Frames by steps, bright where a frame counts much.

    Args:
        metrics: what a run recorded.

    Returns:
        (3, H, W) in [0, 1]; None if no weights were recorded. Grey is a frame that no sample had.

    Example:
        >>> recorded = {alpha_name(rank): {1: 0.5, 50: 0.4} for rank in (-1, 1)}
        >>> draw_alphas(recorded).shape[0], draw_alphas({"loss/total": {1: 0.5}})
        (3, None)
    """
    found = {rank_of(name): values for name, values in metrics.items() if name.startswith(PREFIX)}
    if not found:
        return None
    ranks = sorted(found)
    steps = sorted({step for values in found.values() for step in values})
    table = torch.tensor(
        [[found[rank].get(step, float("nan")) for step in steps] for rank in ranks]
    )
    groups = torch.tensor_split(torch.arange(len(steps)), min(COLUMNS, len(steps)))
    table = torch.stack([table[:, group].nanmean(dim=1) for group in groups], dim=1)
    return heat_map(
        table,
        rows=[f"{rank:+d}" for rank in ranks],
        columns=[str(steps[group[0]]) for group in groups],
        title="weight of each frame, by its place beside the target, over steps",
        cell=(18, max(4, 480 // len(groups))),
    )
