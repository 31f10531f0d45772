"""What terms that need true motion share: its checks, and a mean over those who know it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses.grids import widen
from vfiblocks.states import Motion, Truth


class KnownMotion(NamedTuple):
    """The part of a :class:`Truth` that is about motion, complete."""

    flow: Tensor
    visible: Tensor
    known: Tensor


def known_motion(who: str, truth: Truth) -> KnownMotion | None:
    """The true motion, checked; None where no sample knows it.

    Raises:
        InputError: it is incomplete, or does not fit the picture.

    Example:
        >>> known_motion("a test", Truth(torch.rand(1, 3, 4, 6))) is None
        True
    """
    parts = {"flow": truth.flow, "visible": truth.visible, "known": truth.known}
    if all(part is None for part in parts.values()):
        return None
    batch, _, height, width = truth.image.shape
    wanted = {
        "flow": (batch, 2, 2, height, width),
        "visible": (batch, 2, 1, height, width),
        "known": (batch,),
    }
    for name, part in parts.items():
        if part is None:
            raise InputError(
                f"{who} wants true motion as flow, visible and known together, but {name} is "
                f"missing; known is torch.ones({batch}, dtype=torch.bool) where every sample "
                "has it"
            )
        if tuple(part.shape) != wanted[name]:
            raise InputError(
                f"{who} wants the true {name} as {wanted[name]}, of the picture's size, got "
                f"{tuple(part.shape)}"
            )
        if not (part.is_floating_point() if name == "flow" else part.dtype == torch.bool):
            kind = "floats, in pixels" if name == "flow" else "bool"
            raise InputError(f"{who} wants the true {name} as {kind}, got {part.dtype}")
    assert truth.flow is not None
    assert truth.visible is not None
    assert truth.known is not None
    # What stands in for the unknown may be anything; a NaN would get into the gradient.
    flow = torch.where(truth.known[:, None, None, None, None], truth.flow, 0.0)
    return KnownMotion(flow, truth.visible, truth.known)


def mean_over_known(values: Tensor, known: Tensor) -> Tensor:
    """Mean over all that belongs to samples that know, 0 if none does; others get no gradient.

    Args:
        values: (B, ...).
        known: (B,) bool.

    Example:
        >>> values = torch.tensor([[1.0, 3.0], [float("nan"), 5.0]])
        >>> mean_over_known(values, torch.tensor([True, False]))
        tensor(2.)
    """
    each = values.flatten(1).mean(dim=1)
    # Chosen and not indexed: how many are known is a question that a GPU would be waited for.
    return torch.where(known, each, 0.0).sum() / known.sum().clamp(min=1)


def nothing(motion: Motion) -> Tensor:
    """Zero, connected to every estimate: its gradient is zero and not missing.

    Where several processes train one model, each has to give every parameter a gradient.
    """
    connected = [
        widen(part[:0]).sum()
        for estimate in (motion, *motion.coarser)
        for part in (estimate.flow, estimate.logits)
    ]
    return torch.stack(connected).sum()
