"""Numbers as colour, dark to bright, with the legend that says which number is which."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.plots.lettering import lettering

_STOPS = (
    (0.0, 0.0, 0.0),
    (0.25, 0.05, 0.45),
    (0.80, 0.10, 0.35),
    (1.0, 0.55, 0.0),
    (1.0, 0.95, 0.35),
    (1.0, 1.0, 1.0),
)
"""Black, violet, red, orange, yellow, white: brightness grows all the way, so that the order is
seen without the legend, and in grey."""

TEXT, TITLE, MARGIN, NARROW = 14, 26, 48, 40
"""In pixels: a line of small text, the title's line, labels of rows, the least for a label."""


def heat(values: Tensor, *, largest: float | None = None) -> Tensor:
    """Colour a map of numbers from 0, black, to ``largest``, white.

    Args:
        values: (..., h, w), not negative; what exceeds ``largest`` is white as well.
        largest: the map's own maximum if not given.

    Returns:
        (..., 3, h, w) in [0, 1].

    Example:
        >>> heat(torch.tensor([[0.0, 2.0]])).mean(dim=0).tolist()
        [[0.0, 1.0]]
    """
    full = largest if largest is not None else float(values.max())
    share = (values.float() / full).clamp(0.0, 1.0) if full > 0 else torch.zeros(values.shape)
    stops = torch.tensor(_STOPS, device=values.device)
    place = share.to(values.device) * (len(_STOPS) - 1)
    below = place.floor().clamp(max=len(_STOPS) - 2).long()
    part = (place - below).unsqueeze(-1)
    return torch.lerp(stops[below], stops[below + 1], part).movedim(-1, -3)


def heat_bar(width: int, text: str, *, height: int = TEXT + 10) -> Tensor:
    """The legend of :func:`heat`: 0 at the left, the text at the right, the colours below.

    >>> heat_bar(120, "0.2").shape
    torch.Size([3, 24, 120])
    """
    bar = torch.ones(3, height, width)
    half = width // 2
    bar[:, :TEXT, :half] = lettering("0", (TEXT, half), scale=0.4)
    bar[:, :TEXT, half:] = lettering(text, (TEXT, width - half), scale=0.4, align="right")
    bar[:, TEXT:] = 0.0  # a frame, without which white ends in white
    inner = (height - TEXT - 2, width - 2)
    bar[:, TEXT + 1 : -1, 1:-1] = heat(torch.linspace(0.0, 1.0, inner[1]).expand(inner))
    return bar


def heat_map(
    table: Tensor,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    cell: tuple[int, int] = (18, 4),
    largest: float | None = None,
) -> Tensor:
    """A labelled picture of a table, such as frames by steps.

    Args:
        table: (R, C), not negative; NaN where there is no number, shown in grey.
        rows: a label for each row, top to bottom.
        columns: a label for each column; the first, the middle and the last are written.
        title: above the picture.
        cell: height and width of one number, in pixels.
        largest: see :func:`heat`.

    Returns:
        (3, H, W) in [0, 1].

    Raises:
        InputError: the table is empty, or does not fit its labels.

    Example:
        >>> steps = [str(step) for step in range(100)]
        >>> heat_map(torch.rand(2, 100), rows=("a", "b"), columns=steps, title="weights").shape
        torch.Size([3, 110, 456])
    """
    if table.ndim != 2 or tuple(table.shape) != (len(rows), len(columns)) or not table.numel():
        raise InputError(
            f"a heat map wants a number for each of {len(rows)} rows and {len(columns)} columns, "
            f"at least one of each, got {tuple(table.shape)}"
        )
    known = torch.where(table.isnan(), 0.0, table)
    full = largest if largest is not None else float(known.max())
    colours = torch.where(table.isnan(), 0.6, heat(known, largest=full))
    picture = colours.repeat_interleave(cell[0], dim=1).repeat_interleave(cell[1], dim=2)
    height, width = picture.shape[-2:]
    legend = heat_bar(160, f"{full:.3g}")
    right = max(width, legend.shape[-1])
    canvas = torch.ones(3, TITLE + height + TEXT + legend.shape[-2] + 10, MARGIN + right + 8)
    canvas[:, :TITLE] = lettering(title, (TITLE, canvas.shape[-1]))
    for index, label in enumerate(rows):
        y = TITLE + index * cell[0]
        space = (cell[0], MARGIN - 2)
        canvas[:, y : y + cell[0], : MARGIN - 2] = lettering(
            str(label), space, scale=0.4, align="right"
        )
    canvas[:, TITLE : TITLE + height, MARGIN : MARGIN + width] = picture
    y = TITLE + height + 2
    third = width // 3
    places = (("left", 0), ("centre", len(columns) // 2), ("right", len(columns) - 1))
    for place, (align, index) in enumerate(places):
        if third >= NARROW or place == 0:  # below that there is room for the first only
            x, room = MARGIN + place * third, max(third, NARROW)
            canvas[:, y : y + TEXT, x : x + room] = lettering(
                str(columns[index]), (TEXT, room), scale=0.4, align=align
            )
    y += TEXT + 4
    canvas[:, y : y + legend.shape[-2], MARGIN : MARGIN + legend.shape[-1]] = legend
    return canvas
