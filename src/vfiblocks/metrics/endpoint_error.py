"""How far estimated motion is from the true one."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.metrics._pictures import check_mask
from vfiblocks.metrics.base import Metric, Need, Prediction
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth


def endpoint_error(flow: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Mean distance between the ends of estimated and true vectors, in pixels of this grid.

    Args:
        flow: (..., 2, H, W), (dx, dy) in pixels.
        truth: the same shape.
        mask: (..., 1, H, W) bool, the pixels that count; None is all.

    Returns:
        (...): NaN where the mask is empty.

    Raises:
        InputError: the shapes differ or are no flow.

    Example:
        >>> endpoint_error(torch.zeros(2, 4, 4), torch.full((2, 4, 4), 3.0))
        tensor(4.2426)
    """
    if flow.shape != truth.shape or flow.ndim < 3 or flow.shape[-3] != 2:
        raise InputError(
            f"endpoint_error compares flows of one shape (..., 2, H, W), got {tuple(flow.shape)} "
            f"and {tuple(truth.shape)}; resize_flow brings them to one grid"
        )
    dtype = torch.promote_types(torch.promote_types(flow.dtype, truth.dtype), torch.float32)
    distance: Tensor = torch.linalg.vector_norm(flow.to(dtype) - truth.to(dtype), dim=-3)
    if mask is None:
        return distance.mean(dim=(-2, -1))
    check_mask("endpoint_error", mask, flow)
    counted = mask.squeeze(-3)
    # Not a product with the mask: 0 times NaN is NaN.
    return distance.masked_fill(~counted, 0.0).sum(dim=(-2, -1)) / counted.sum(dim=(-2, -1))


class _EndpointError(Metric):
    """Over both references; NaN for pictures whose true motion nobody knows."""

    needs: ClassVar[frozenset[Need]] = frozenset({"motion", "true motion"})
    better = "lower"
    unit = "px"

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        flow, true_flow = prediction.flow, truth.flow
        if flow is None or true_flow is None:  # asked for in `needs`, so that it is there
            raise InputError(f"{type(self).__name__} needs flow and true flow")
        # The two references as one picture twice as high: pixels are averaged, not references.
        stacked, true_stacked = (_stack(x) for x in (flow, true_flow))
        counted = self.counted(truth)
        mask = None if counted is None else _stack(counted)
        error = endpoint_error(stacked, true_stacked, mask=mask)
        return error if truth.known is None else error.masked_fill(~truth.known, torch.nan)

    def counted(self, truth: Truth) -> Tensor | None:
        """Which pixels count, (B, 2, 1, H, W) bool; None for all."""
        return None


def _stack(x: Tensor) -> Tensor:
    """(B, 2, C, H, W) to (B, C, 2H, W)."""
    return torch.cat(x.unbind(dim=1), dim=-2)


def _visible(who: str, truth: Truth) -> Tensor:
    if truth.visible is None:
        raise InputError(f"{who} needs to know what is visible, and this truth does not say")
    return truth.visible


@METRICS.register("epe")
class Epe(_EndpointError):
    """Endpoint error over all pixels and both references, hidden ones included."""


@METRICS.register("epe-visible")
class EpeVisible(_EndpointError):
    """Endpoint error where the target pixel is seen in the reference."""

    def counted(self, truth: Truth) -> Tensor:
        """The visible pixels."""
        return _visible("epe-visible", truth)


@METRICS.register("epe-hidden")
class EpeHidden(_EndpointError):
    """Endpoint error where the target pixel is hidden in the reference; NaN if none is."""

    def counted(self, truth: Truth) -> Tensor:
        """The hidden pixels."""
        return ~_visible("epe-hidden", truth)
