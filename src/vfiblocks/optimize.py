"""A model made ready for inference."""

from __future__ import annotations

import copy
from typing import NoReturn, Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn

from vfiblocks.errors import CheckpointError, InputError
from vfiblocks.interpolator import Interpolator
from vfiblocks.ports import Needs
from vfiblocks.states import Features, Interpolation
from vfiblocks.window import Window


@runtime_checkable
class Optimizable(Protocol):
    """What a module of a part may offer, so that :func:`optimize` makes it faster."""

    def for_inference(self, *, channels_last: bool) -> nn.Module:
        """A module that computes the same without training; the module itself if none is faster.

        It is called on a copy, whose parameters may be used up, and with gradients off.

        Args:
            channels_last: whether the convolutions around it work in that memory format.
        """


def optimize(
    model: Interpolator, *, channels_last: bool = True, fold: bool = True, compile: bool = False
) -> Interpolator:
    """A copy of a model that computes the same pictures faster and cannot be trained.

    It runs in inference mode, whatever mode the model is in, and is used like the model. Pictures
    differ by float32 rounding. What each step gives is in docs/benchmarks.md.

    Args:
        model: stays as it is; save and train that one. Later changes to it do not reach the copy.
        channels_last: lay out the weights of convolutions, and with them the maps, so that all
            channels of a pixel lie together.
        fold: replace modules by what they offer for inference, such as a residual block by a
            single convolution. Modules that offer nothing stay.
        compile: run the parts through ``torch.compile``, which wants a C++ compiler and takes a
            minute at the first call; on a CPU it was measured to lose.

    Raises:
        InputError: for anything but an assembled model.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("lift15-tiny").eval()
        >>> frames = torch.rand(1, 14, 3, 40, 56)
        >>> torch.allclose(optimize(model)(frames).image, model(frames).image, atol=1e-5)
        True
    """
    if not isinstance(model, Interpolator):
        raise InputError(
            f"optimize takes an assembled model, got {type(model).__name__}; build one with "
            "vfiblocks.build_model, and optimize before wrapping"
        )
    fast = OptimizedInterpolator(model)
    with torch.no_grad():
        if fold:
            _exchange(fast, channels_last=channels_last)
        if channels_last:
            _lay_out(fast)
    fast.requires_grad_(False)
    if compile:
        for part in fast.children():
            part.compile()
    return fast


class OptimizedInterpolator(Interpolator):
    """What :func:`optimize` returns: an :class:`Interpolator` for inference only."""

    def __init__(self, model: Interpolator) -> None:
        model = copy.deepcopy(model)
        super().__init__(
            model.spec,
            encoder=model.encoder,
            aggregator=model.aggregator,
            flow=model.flow,
            blender=model.blender,
            refiner=model.refiner,
            needs=Needs(
                taps=set(model.tap_strides),
                clip=model.clip_stride,
                reads={stage: list(read) for stage, read in model.reads.items()},
            ),
            multiple=model.multiple,
        )
        self.window = model.window
        self.eval()

    @torch.inference_mode()
    def forward(
        self, frames: Tensor, window: Window | None = None, valid: Tensor | None = None
    ) -> Interpolation:
        """See :class:`Interpolator`."""
        return super().forward(frames, window, valid)

    @torch.inference_mode()
    def encode(self, frames: Tensor, window: Window) -> Features:
        """See :class:`Interpolator`."""
        return super().encode(frames, window)

    @torch.inference_mode()
    def decode(
        self, features: Features, window: Window, valid: Tensor | None = None
    ) -> Interpolation:
        """See :class:`Interpolator`."""
        return super().decode(features, window, valid)

    def train(self, mode: bool = True) -> Self:
        """Refuse training mode.

        Raises:
            InputError: unless ``mode`` is False.
        """
        if mode:
            raise InputError(
                "an optimized model is for inference only; train the model it was made from, and "
                "optimize again"
            )
        return super().train(mode)

    def state_dict(self, *args: object, **kwargs: object) -> NoReturn:
        """Refuse: the weights are laid out and folded, and fit no spec.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            "the weights of an optimized model fit no spec; save the model it was made from"
        )


def _exchange(module: nn.Module, *, channels_last: bool) -> None:
    """Put in place of every module below this one what it offers for inference."""
    for name, child in list(module.named_children()):
        if isinstance(child, Optimizable):
            setattr(module, name, child.for_inference(channels_last=channels_last).eval())
        else:
            _exchange(child, channels_last=channels_last)


def _lay_out(model: nn.Module) -> None:
    """Lay out the weights of 2-D convolutions channels-last; the maps follow them."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.to(memory_format=torch.channels_last)
