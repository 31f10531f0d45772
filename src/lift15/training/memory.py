"""How much memory a training step needs, counted on a small one."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lift15.training.module import in_float32
from lift15.training.objective import Objective
from vfiblocks import Interpolator, Truth
from vfiblocks.errors import VfiError

SIDES = (64, 128)
"""Pixels a side of the steps that are counted; losses with pyramids want more than 32. Two of them,
since some of what a step holds, such as a layer's gradient, does not grow with the picture."""


@dataclass(frozen=True)
class Estimate:
    """Bytes.

    Attributes:
        weights: the model's, what else is trained, their gradients, the optimizer's two means, and
            the average.
        activations: the most that a step holds besides.
    """

    weights: int
    activations: int

    @property
    def total(self) -> int:
        """Both; allocators and kernels take a fifth to a half more."""
        return self.weights + self.activations


def estimate_memory(
    model: Interpolator,
    objective: Objective,
    *,
    batch: int,
    size: tuple[int, int],
    frames: int | None = None,
    precision: str = "float32",
    averaged: bool = True,
) -> Estimate:
    """Count what one process holds at the most in a training step.

    Steps with one small sample are made on the CPU while every allocation is noted, and what they
    hold is carried on to the number of pixels of a whole batch.

    Args:
        model: in training mode, on the CPU; its gradients are lost.
        objective: likewise.
        batch: samples of the process.
        size: height and width of the pictures.
        frames: of the windows; the model's own number if not given.
        precision: as in a run plan.
        averaged: whether an average of the weights is kept.

    Example:
        >>> from vfiblocks import build_model
        >>> from lift15.training.objective import build_objective
        >>> model = build_model("lift15-tiny").train()
        >>> objective = build_objective({"l1": 1.0}, model)
        >>> small, large = (estimate_memory(model, objective, batch=b, size=(64, 64))
        ...                 for b in (1, 4))
        >>> 3 < large.activations / small.activations <= 4, large.weights == small.weights
        (True, True)
    """
    trained = [p for p in (*model.parameters(), *objective.parameters()) if p.requires_grad]
    still = [p for p in objective.parameters() if not p.requires_grad]
    copies = 4 + averaged  # itself, its gradient, two means
    weights = copies * sum(p.nbytes for p in trained) + sum(p.nbytes for p in still)
    held = [_count(model, objective, precision, frames, side) for side in SIDES]
    pixels = [_padded(model, (side, side)) for side in SIDES]
    per_pixel = (held[1] - held[0]) / (pixels[1] - pixels[0])
    fixed = held[0] - per_pixel * pixels[0]
    return Estimate(weights, round(fixed + per_pixel * batch * _padded(model, size)))


def _count(
    model: Interpolator, objective: Objective, precision: str, frames: int | None, side: int
) -> int:
    """The most bytes that a step with one sample of side x side makes on top of the weights."""
    window = model.window
    if frames is not None and frames < len(window):
        window = model.window_between(left=max(1, frames // 2), right=max(1, frames - frames // 2))
    clip = torch.rand(1, len(window), 3, side, side)
    truth = Truth(torch.rand(1, 3, side, side))
    # Gradients are counted with the weights; they go as soon as they are there.
    hooks = [
        parameter.register_post_accumulate_grad_hook(_drop)
        for parameter in (*model.parameters(), *objective.parameters())
        if parameter.requires_grad
    ]
    with _Living() as living:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision != "float32"):
            result = model(clip, window)
        try:
            objective(in_float32(result), truth, window).total.backward()
        except VfiError:  # a loss that wants larger pictures or known motion
            result.image.float().square().mean().backward()
    for hook in hooks:
        hook.remove()
    return living.most


def _drop(parameter: Tensor) -> None:
    parameter.grad = None


def _padded(model: Interpolator, size: tuple[int, int]) -> int:
    height, width = (-(-side // model.multiple) * model.multiple for side in size)
    return height * width


class _Living(TorchDispatchMode):
    """Follows the storages that operations make, and when they die."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, Tensor):
                self._note(leaf.untyped_storage())
        return made

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._known:
            self._known.add(key)
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size
