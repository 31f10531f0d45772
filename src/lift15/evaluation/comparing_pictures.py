"""What two models made of one item, side by side, and where they differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from lift15.evaluation.answering import answer, load
from lift15.evaluation.items import Benchmark, Item, Question
from lift15.evaluation.prediction import Predictor
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.pictures import unit
from vfiblocks.errors import InputError
from vfiblocks.metrics import psnr
from vfiblocks.plots import Panel, error_panel, filmstrip

SHARE = 3
"""A detail has this fraction of the height and width of the picture."""


class Made(NamedTuple):
    """What there is to see of one item.

    Attributes:
        references: left and right, (2, 3, H, W) in [0, 1].
        truth: (3, H, W).
        pictures: of each model, by name, (3, H, W) each.
    """

    references: Tensor
    truth: Tensor
    pictures: dict[str, Tensor]


def make_pictures(
    item: Item, predictors: Sequence[Predictor], protocol: Protocol, benchmark: Benchmark
) -> Made:
    """Predict one item with several models, under the names that the predictors have.

    Raises:
        DataError: a picture cannot be read.
    """
    loaded = load(Question((item,)), predictors, protocol, benchmark)
    references = [unit(loaded.frames[ref]) for ref in (item.before[0], item.after[0]) if ref]
    made = {p.name: answer([item], p, protocol, loaded)[0][0].cpu() for p in predictors}
    return Made(torch.stack(references), unit(loaded.targets[0]), made)


def detail(one: Tensor, other: Tensor, truth: Tensor) -> tuple[slice, slice]:
    """Rows and columns where two pictures differ most in how wrong they are.

    Args:
        one: (3, H, W).
        other: the same shape.
        truth: the same shape.

    Example:
        >>> truth = torch.zeros(3, 30, 60)
        >>> wrong = truth.clone()
        >>> wrong[:, 20:, 40:] = 1.0
        >>> detail(wrong, truth, truth)
        (slice(20, 30, None), slice(40, 60, None))
    """
    height, width = truth.shape[-2:]
    size = max(1, height // SHARE), max(1, width // SHARE)
    gain = ((one - truth).square() - (other - truth).square()).mean(dim=0)
    means = F.avg_pool2d(gain[None, None], size, stride=1)[0, 0].abs()
    top, left = divmod(int(means.argmax()), means.shape[-1])
    return slice(top, top + size[0]), slice(left, left + size[1])


def draw_comparison(made: Made, names: tuple[str, str], *, height: int = 200) -> Tensor:
    """Truth, references, two predictions with their errors, and the detail that tells most.

    Args:
        made: see :func:`make_pictures`.
        names: of the two models.
        height: of a picture, in pixels.

    Returns:
        (3, H, W) in [0, 1].

    Raises:
        InputError: a model has made no picture.
    """
    if missing := [name for name in names if name not in made.pictures]:
        raise InputError(f"there is no picture of '{missing[0]}' to draw")
    one, other = (made.pictures[name] for name in names)
    rows, columns = detail(one, other, made.truth)
    scores = [float(psnr(picture, made.truth)) for picture in (one, other)]
    panels = [
        Panel("left reference", made.references[0]),
        Panel("truth", made.truth),
        Panel("right reference", made.references[1]),
        Panel(f"{names[0]}, {scores[0]:.2f} dB", one),
        Panel(f"{names[1]}, {scores[1]:.2f} dB", other),
        Panel("mean of references", made.references.mean(dim=0)),
        error_panel(one, made.truth, label=f"error of {names[0]}"),
        error_panel(other, made.truth, label=f"error of {names[1]}"),
        error_panel(one, other, label="difference of the two"),
        Panel(f"{names[0]}, detail", one[:, rows, columns]),
        Panel(f"{names[1]}, detail", other[:, rows, columns]),
        Panel("truth, detail", made.truth[:, rows, columns]),
    ]
    return filmstrip(panels, columns=3, height=height)


class Case(NamedTuple):
    """An item that is worth a look.

    Attributes:
        kind: "best", "median" or "worst".
        rank: from 1, within the kind.
        item: its name.
        gain: of the second model over the first.
    """

    kind: str
    rank: int
    item: str
    gain: float


def telling(gains: Mapping[str, float], count: int) -> list[Case]:
    """The items with the greatest gains, the one in the middle, those with the greatest losses.

    The middle shows what is usual, which the ends do not. No item comes twice.

    Args:
        gains: by item.
        count: how many of the best, and of the worst; none at all for 0.

    Example:
        >>> for case in telling({"a": 0.5, "b": -1.0, "c": 0.1, "d": 2.0}, 1):
        ...     print(*case)
        best 1 d 2.0
        median 1 a 0.5
        worst 1 b -1.0
    """
    if count <= 0:
        return []
    ranked = sorted(gains.items(), key=lambda pair: -pair[1])
    found = [Case("best", k + 1, *pair) for k, pair in enumerate(ranked[:count])]
    worst = [Case("worst", k + 1, *pair) for k, pair in enumerate(ranked[: -count - 1 : -1])]
    middle = Case("median", 1, *ranked[(len(ranked) - 1) // 2]) if ranked else None
    ends = {case.item for case in (*found, *worst)}
    if middle is not None and middle.item not in ends:
        found.append(middle)
    taken = {case.item for case in found}
    return [*found, *(case for case in worst if case.item not in taken)]
