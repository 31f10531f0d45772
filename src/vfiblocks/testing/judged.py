"""An answer of a model and the truth, for what judges answers: losses and metrics."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vfiblocks.ops import shrink, shrink_flow
from vfiblocks.registry import Registry
from vfiblocks.spec import Part
from vfiblocks.states import Draft, Interpolation, Motion, Truth
from vfiblocks.testing.trial import check_option, require

HEIGHT, WIDTH, PADDED_HEIGHT, PADDED_WIDTH = 76, 90, 80, 96
"""Of the pictures, large enough for every window, and of what a model pads them to inside."""


class Judge:
    """A registered loss or metric under test.

    Attributes:
        who: it as "loss 'name'", for messages.
    """

    def __init__(self, registry: Registry[Any], part: str | Part) -> None:
        part = Part(part) if isinstance(part, str) else part
        self.who = f"{registry.stage} '{part.name}'"
        self._cls: Any = registry.get(part.name)
        self._options = part.options
        require(bool(self._cls.__doc__), f"{self.who} needs a docstring: what it is, its source")
        if self._cls.__init__ is nn.Module.__init__:
            return  # no constructor of its own, no options
        hints = typing.get_type_hints(self._cls.__init__)
        for option in inspect.signature(self._cls).parameters.values():
            check_option(self.who, option, given=option.name in part.options)
            require(option.name in hints, f"{self.who}: option '{option.name}' needs an annotation")

    def build(self) -> Any:
        """It, with its options."""
        return self._cls(**self._options)


def truth(*, frames: int | None = None) -> Truth:
    """Two smooth pictures with true motion, known for the first alone; clips if ``frames``."""
    axes = (2, 3) if frames is None else (2, frames, 3)
    y = torch.arange(HEIGHT).view(-1, 1)
    waves = torch.sin(torch.arange(WIDTH) / 4) * torch.cos(y / 5)
    image = (0.5 + 0.2 * waves + 0.1 * torch.randn(*axes, HEIGHT, WIDTH).clamp(-2, 2)).clamp(0, 1)
    blocks = (torch.rand(2, 2, 1, 5, 6) > 0.3).repeat_interleave(16, -1).repeat_interleave(16, -2)
    visible = blocks[..., :HEIGHT, :WIDTH]
    flow = 3 * torch.rand(2, 2, 2, HEIGHT, WIDTH)
    return Truth((255 * image).round() / 255, flow, visible, torch.tensor([True, False]))


def answer(truth: Truth, noise: float) -> Interpolation:
    """What a model might return, off by noise in the picture and in the motion.

    Its motion is at stride 4, refined from stride 8; without noise all is as it should be.
    """
    assert truth.flow is not None and truth.visible is not None  # noqa: PT018
    flow = truth.flow + 10 * noise * torch.randn_like(truth.flow)
    right = 12 * truth.visible.float() - 6
    logits = right + 60 * noise * torch.randn_like(right)
    image = truth.image + noise * torch.randn_like(truth.image)
    pictures = _pad(torch.stack((truth.image, truth.image), dim=1)).clamp(0, 1)
    fine, coarse = (
        Motion(shrink_flow(_pad(flow), stride), shrink(_pad(logits), stride)) for stride in (4, 8)
    )
    return Interpolation(
        image, Draft(_pad(image), pictures), fine._replace(coarser=(coarse,)), None, pictures
    )


def _pad(x: Tensor) -> Tensor:
    """As models do, at the right and at the bottom."""
    margins = (0, PADDED_WIDTH - WIDTH, 0, PADDED_HEIGHT - HEIGHT)
    padded = F.pad(x.flatten(0, -4), margins, mode="replicate")
    return padded.view(*x.shape[:-2], PADDED_HEIGHT, PADDED_WIDTH)
