"""What a loss promises."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.registry import LOSSES
from vfiblocks.spec import Part
from vfiblocks.states import Interpolation, Motion
from vfiblocks.testing.judged import Judge, answer, truth
from vfiblocks.testing.trial import require


def check_loss(part: str | Part) -> None:
    """Hold a loss to its contract.

    It has a docstring and keyword-only options with plain defaults, and nothing to train. It gives
    a finite scalar of at least 0, in float32 for half precision as well. A right answer costs less
    than a wrong one, and the gradient reaches something that the model made and is finite, where
    all is right as well.

    Raises:
        AssertionError: the first promise it breaks.

    Example:
        >>> check_loss("charbonnier")
    """
    judge = Judge(LOSSES, part)
    loss = judge.build()
    require(
        not list(loss.parameters()) and not loss.state_dict(),
        f"{judge.who} must have nothing to train or to save; keep constants in plain attributes",
    )
    true = truth()
    costs = []
    for noise in (0.1, 0.0):
        made = _trainable(answer(true, noise))
        cost = loss(made, true)
        require(cost.shape == (), f"{judge.who} must give a scalar, got {tuple(cost.shape)}")
        require(
            bool(cost.isfinite()) and bool(cost >= 0),
            f"{judge.who} must be finite and at least 0, got {cost.item()}",
        )
        slopes = torch.autograd.grad(cost, _made(made), materialize_grads=True)
        require(
            all(bool(slope.isfinite().all()) for slope in slopes),
            f"{judge.who}: the gradient must be finite, also where the answer is right",
        )
        require(
            noise == 0 or any(bool(slope.any()) for slope in slopes),
            f"{judge.who}: no gradient reaches what the model made",
        )
        costs.append(cost.item())
    require(
        costs[1] < costs[0],
        f"{judge.who}: a right answer must cost less than a wrong one, got {costs[1]:.4g} and "
        f"{costs[0]:.4g}",
    )
    half = answer(true, 0.1)
    found = loss(half._replace(image=half.image.bfloat16()), true)
    require(
        found.dtype == torch.float32,
        f"{judge.who}: sums must be taken in float32 for half precision, got {found.dtype}",
    )


def _made(made: Interpolation) -> list[Tensor]:
    estimates = (made.motion, *made.motion.coarser)
    return [made.image, *(x for motion in estimates for x in (motion.flow, motion.logits))]


def _trainable(made: Interpolation) -> Interpolation:
    def leaf(x: Tensor) -> Tensor:
        return x.detach().clone().requires_grad_()

    coarser = tuple(Motion(leaf(m.flow), leaf(m.logits)) for m in made.motion.coarser)
    motion = Motion(leaf(made.motion.flow), leaf(made.motion.logits), coarser)
    return made._replace(image=leaf(made.image), motion=motion)
