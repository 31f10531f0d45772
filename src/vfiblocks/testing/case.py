"""A registered part under test, what to feed it, and a whole assembly around it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.assembly import connect
from vfiblocks.blenders.base import Blender
from vfiblocks.encoders.base import Encoder
from vfiblocks.errors import AssemblyError
from vfiblocks.flows.base import FlowEstimator
from vfiblocks.ports import Needs, Signal, Upstream
from vfiblocks.refiners.base import Refiner
from vfiblocks.registry import STAGE_REGISTRIES
from vfiblocks.spec import STAGES, ModelSpec, Part
from vfiblocks.testing.stand_ins import (
    TAPS,
    StandInAggregator,
    StandInBlender,
    StandInEncoder,
    StandInFlow,
    StandInRefiner,
)
from vfiblocks.testing.trial import check_declaration, require
from vfiblocks.window import Window

BASES: dict[str, type] = {
    "encoder": Encoder,
    "aggregator": Aggregator,
    "flow": FlowEstimator,
    "blender": Blender,
    "refiner": Refiner,
}
STAND_INS: dict[str, type] = {
    "encoder": StandInEncoder,
    "aggregator": StandInAggregator,
    "flow": StandInFlow,
    "blender": StandInBlender,
    "refiner": StandInRefiner,
}
CONTEXT = Signal(40, 16)
"""The context on offer."""

WINDOW = Window.hole(6, 3)
"""Five frames with a gap, the references neither first nor last."""


class Case:
    """One part, held to what its class declares as soon as it is looked up.

    Attributes:
        who: the part as "stage 'name'", for messages.
        part: name and options.
        cls: the registered class.
    """

    def __init__(self, stage: str, part: str | Part) -> None:
        self.stage = stage
        self.part = Part(part) if isinstance(part, str) else part
        self.who = f"{stage} '{self.part.name}'"
        self.cls: Any = STAGE_REGISTRIES[stage].get(self.part.name)
        check_declaration(self.who, self.cls, BASES[stage], self.part.options)

    def upstream(
        self,
        *,
        context: Signal | None = None,
        motion_stride: int | None = None,
        draft_stride: int | None = None,
    ) -> Upstream:
        """A generous one: every stride up to 32 is on offer."""
        return Upstream(
            self.who,
            "stand-in",
            TAPS,
            Needs(),
            context_signal=context,
            motion_stride=motion_stride,
            draft_stride=draft_stride,
        )

    def build(self, upstream: Upstream) -> Any:
        """The part, with its options."""
        return self.cls(upstream, **self.part.options)

    def build_unless_refused(self, upstream: Upstream) -> Any:
        """The part, or None if it refuses what is on offer, as it may."""
        try:
            return self.build(upstream)
        except AssemblyError as error:
            require(self.who in str(error), f"{self.who} must name itself when it refuses: {error}")
            return None

    def check_assembly(
        self,
        *,
        encoder: bool = True,
        aggregator: bool = False,
        context: Signal | None = None,
        motion_stride: int = 4,
        draft_stride: int | None = None,
    ) -> None:
        """Frames of odd sizes, one of them missing, through stand-ins with the part in its slot.

        Args:
            encoder: there is one.
            aggregator: there is one.
            context: what it makes; its own choice if None.
            motion_stride: grid of the flow.
            draft_stride: of the blender.
        """
        parts: dict[str, Part | None] = dict.fromkeys(STAGES, Part("stand-in"))
        if not encoder:
            parts["encoder"] = None
        if not aggregator:
            parts["aggregator"] = None
        elif context is not None:
            options = {"stride": context.stride, "channels": context.channels}
            parts["aggregator"] = Part("stand-in", **options)
        parts["flow"] = Part("stand-in", stride=motion_stride)
        parts["blender"] = Part("stand-in", stride=draft_stride)
        parts[self.stage] = self.part
        spec = ModelSpec(**parts, window=WINDOW)  # type: ignore[arg-type]
        model = connect(spec, {**STAND_INS, self.stage: self.cls}).eval()
        frames = torch.rand(1, len(WINDOW), 3, 33, 47)
        valid = torch.tensor([[True, False, True, True, True]])
        with torch.no_grad():
            image = model(frames, WINDOW, valid).image
            frames[:, 1] = torch.nan
            again = model(frames, WINDOW, valid).image
        require(
            image.shape == (1, 3, 33, 47) and bool(image.isfinite().all()),
            f"{self.who}: an assembly must give a finite 33x47 picture for 33x47 frames, got "
            f"{tuple(image.shape)}",
        )
        require(
            torch.equal(image, again),
            f"{self.who}: what stands in for a missing frame must not matter to the picture",
        )


def picture_size(multiple: int) -> tuple[int, int]:
    """Height and width of a small picture that every grid divides.

    Not square, so that swapped axes show.

    >>> picture_size(8), picture_size(64)
    ((32, 64), (64, 128))
    """
    unit = math.lcm(multiple, 16)
    height = unit * max(1, 32 // unit)
    return height, 2 * height


def random_context(size: tuple[int, int], signal: Signal = CONTEXT) -> Tensor:
    """Context features for a batch of two."""
    grid = (size[0] // signal.stride, size[1] // signal.stride)
    return torch.randn(2, signal.channels, *grid)


def random_motion(size: tuple[int, int], stride: int) -> tuple[Tensor, Tensor, Tensor]:
    """References, and flow and logits on a grid, for a batch of two."""
    grid = (size[0] // stride, size[1] // stride)
    pictures = torch.rand(2, 2, 3, *size)
    return pictures, 2 * torch.randn(2, 2, 2, *grid), torch.randn(2, 2, 1, *grid)


def random_taps(size: tuple[int, int], strides: Iterable[int]) -> tuple[Tensor, ...]:
    """Reference features for a batch of two, one tensor per stride."""
    return tuple(torch.randn(2, 2, TAPS[s], size[0] // s, size[1] // s) for s in strides)
