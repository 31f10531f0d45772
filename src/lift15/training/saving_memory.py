"""Stages that are computed again in the backward pass instead of being kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from vfiblocks import Interpolator
from vfiblocks.errors import TrainingError
from vfiblocks.spec import STAGES

SLICE = 4
"""Pictures that an encoder computes again at a time. On a GPU it sees all frames of a batch at
once, and to have all of that back at once would save little."""


def compute_again(model: Interpolator, stages: Sequence[str]) -> None:
    """Have some stages of a model computed twice in training; gradients stay what they are.

    What pays is the encoder, which sees every frame: with LIFT-15 it holds more than half of what a
    step keeps, the transformer 8 % (measured). Nothing changes in ``eval()`` and without gradients.

    Args:
        model: changed in place; its parameters keep their names.
        stages: such as ("encoder", "refiner"); those the model does not have are passed over.

    Raises:
        TrainingError: for a word that is no stage.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("lift15-tiny")
        >>> compute_again(model, ["encoder"])
        >>> "encoder.levels.1.0.0.weight" in model.state_dict()
        True
    """
    for stage in stages:
        if stage not in STAGES:
            raise TrainingError(
                f"run.checkpointing names stages, {', '.join(STAGES)}; got {stage!r}"
            )
        module = getattr(model, stage)
        if module is not None:
            again = _Again
            if stage == "encoder" and not any(isinstance(m, _BatchNorm) for m in module.modules()):
                again = _AgainInSlices
            module.forward = again(module, module.forward)


class _Again:
    """Stands for a module's forward method; an object, so that the module can be copied."""

    def __init__(self, module: nn.Module, forward: Any) -> None:
        self.module = module
        self.forward = forward

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if not self.module.training:
            return self.forward(*arguments, **options)
        # the reentrant kind would drop the gradients of what lies in dicts and named tuples
        return checkpoint(self.forward, *arguments, use_reentrant=False, **options)


class _AgainInSlices(_Again):
    """The same for an encoder that sees every picture alone: a few pictures at a time."""

    def __call__(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        if not self.module.training or len(images) <= SLICE:
            return cast(dict[int, Tensor], super().__call__(images, strides))
        parts = [super(_AgainInSlices, self).__call__(s, strides) for s in images.split(SLICE)]
        return {stride: torch.cat([part[stride] for part in parts]) for stride in parts[0]}
