"""What every loss term is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from vfiblocks.errors import InputError
from vfiblocks.states import Interpolation, Truth


class Loss(nn.Module, ABC):
    """One term of what training minimises; weighing and adding terms is for the caller.

    A subclass defines :meth:`measure` and takes its options by keyword.

    Example:
        >>> import torch
        >>> from vfiblocks import build_model
        >>> from vfiblocks.losses import L1
        >>> model = build_model("lift15-tiny").train()
        >>> result = model(torch.rand(1, 14, 3, 32, 48))
        >>> L1()(result, torch.rand(1, 3, 32, 48)).shape
        torch.Size([])
    """

    def forward(self, result: Interpolation, target: Tensor | Truth) -> Tensor:
        """Check the shapes, then measure.

        Args:
            result: what the model returned, in training mode: there the picture is not clamped,
                so that what lies outside [0, 1] is drawn back in (DECISIONS 13).
            target: (B, 3, H, W) in [0, 1], the true frame, of the size of ``result.image``; or a
                :class:`Truth`, which may know more.

        Returns:
            A scalar, not negative, in at least float32.

        Raises:
            InputError: ``target`` is no floating picture of the size and on the device of
                ``result.image``.
        """
        truth = target if isinstance(target, Truth) else Truth(target)
        check_target(type(self).__name__, result, truth.image)
        return self.measure(result, truth)

    @abstractmethod
    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """The term itself; the arguments are those of :meth:`forward`, checked."""


def difference(image: Tensor, target: Tensor) -> Tensor:
    """``image - target`` in the wider of their types, and never less than float32.

    The error of a good prediction is finer than the steps of half precision.

    >>> half = torch.ones(3, dtype=torch.bfloat16)
    >>> difference(half, half).dtype
    torch.float32
    """
    dtype = torch.promote_types(torch.promote_types(image.dtype, target.dtype), torch.float32)
    return image.to(dtype) - target.to(dtype)


def check_target(who: str, result: Interpolation, target: Tensor) -> None:
    """Refuse a target that broadcasting would accept and that means something else.

    Raises:
        InputError: naming ``who``, what was wanted and what came.
    """
    wanted = tuple(result.image.shape)
    if not target.is_floating_point():
        raise InputError(
            f"{who} wants the target as floats in [0, 1], got {target.dtype}; "
            "divide 8-bit levels by 255: target.float() / 255"
        )
    if tuple(target.shape) != wanted:
        raise InputError(
            f"{who} wants the target as (B, 3, H, W) {wanted}, as the model's picture is, got "
            f"{tuple(target.shape)}"
        )
    if target.device != result.image.device:
        raise InputError(
            f"{who} got the target on {target.device}, but the model's picture is on "
            f"{result.image.device}; target.to({str(result.image.device)!r})"
        )
