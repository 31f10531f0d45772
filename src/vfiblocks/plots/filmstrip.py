"""Labelled pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import resize
from vfiblocks.plots.lettering import lettering

GAP = 8
LABEL = 26
OUTLINE = 0.8  # grey, without which what is white ends nowhere


class Panel(NamedTuple):
    """One picture of a strip: its label, and (3, h, w) or (1, h, w) in [0, 1]."""

    label: str
    image: Tensor


def filmstrip(panels: Sequence[Panel], *, columns: int, height: int = 240) -> Tensor:
    """Arrange panels in rows, each enlarged or reduced to one size, with its label above.

    Args:
        panels: at least one; the first sets the aspect ratio.
        columns: panels per row.
        height: of a picture, in pixels.

    Returns:
        (3, H, W) in [0, 1].

    Example:
        >>> panels = [Panel("a", torch.rand(3, 48, 64)), Panel("b", torch.rand(1, 24, 32))]
        >>> filmstrip(panels, columns=2, height=48).shape
        torch.Size([3, 90, 152])
    """
    if not panels or columns < 1:
        raise InputError(f"a strip needs panels and columns, got {len(panels)} and {columns}")
    width = round(height * panels[0].image.shape[-1] / panels[0].image.shape[-2])
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    cell = (GAP + LABEL + height, GAP + width)
    canvas = torch.ones(3, rows * cell[0] + GAP, columns * cell[1] + GAP)
    for index, panel in enumerate(panels):
        top = index // columns * cell[0] + GAP
        left = index % columns * cell[1] + GAP
        shown = panel.image.detach().float().cpu().clamp(0.0, 1.0).expand(3, -1, -1)
        picture = resize(shown, (height, width)).clamp(0.0, 1.0)  # sums of weights are rounded
        canvas[:, top : top + LABEL, left : left + width] = lettering(panel.label, (LABEL, width))
        top += LABEL
        canvas[:, top - 1 : top + height + 1, left - 1 : left + width + 1] = OUTLINE
        canvas[:, top : top + height, left : left + width] = picture
    return canvas
