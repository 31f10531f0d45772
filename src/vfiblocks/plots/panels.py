"""What a model returned, one labelled picture per question."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.ops import crop_to, resize, resize_flow, visibility_weights
from vfiblocks.plots.filmstrip import Panel
from vfiblocks.plots.flow_wheel import flow_to_rgb, flow_wheel
from vfiblocks.plots.heat import heat, heat_bar
from vfiblocks.states import Interpolation, Motion

LARGEST_ERROR = 0.2
"""Where :func:`error_panel` is white, 51 of 255 levels. The same in every picture, so that those of
two models, or of two moments of a training run, can be compared by eye."""


def whole_picture(made: Interpolation, image: Tensor) -> Tensor:
    """Bring a (..., C, h, w) map of any stride to the size of the picture that was made.

    Maps are at the padded size; what was padded is cut off.

    Example:
        >>> from vfiblocks import build_model
        >>> made = build_model("lift15-tiny").eval()(torch.rand(1, 14, 3, 40, 56))
        >>> made.draft.image.shape, whole_picture(made, made.draft.image).shape
        (torch.Size([1, 3, 16, 16]), torch.Size([1, 3, 40, 56]))
    """
    full = (made.references.shape[-2], made.references.shape[-1])
    return crop_to(resize(image, full), (made.image.shape[-2], made.image.shape[-1]))


def whole_flow(made: Interpolation, motion: Motion, *, index: int = 0) -> Tensor:
    """(2, 2, H, W): the flow of one sample in pixels of the picture, the padding cut off."""
    full = (made.references.shape[-2], made.references.shape[-1])
    size = (made.image.shape[-2], made.image.shape[-1])
    return crop_to(resize_flow(motion.flow[index].float(), full), size)


def flow_panels(
    flow: Tensor,
    *,
    what: str = "flow",
    largest: float | None = None,
    size: tuple[int, int] | None = None,
) -> list[Panel]:
    """Flow to the left and to the right reference; the wheel in the second tells the colours.

    Args:
        flow: (2, 2, H, W), in pixels.
        what: begins the labels.
        largest: speed at full colour, which the label tells; the fastest pixel if not given.
        size: height and width of the pictures, (H, W) if not given. The wheel is drawn at that
            size, and would be blurred if small pictures were enlarged later.
    """
    fastest = float(torch.linalg.vector_norm(flow, dim=-3).max()) if largest is None else largest
    size = (flow.shape[-2], flow.shape[-1]) if size is None else size
    left, right = resize(flow_to_rgb(flow, largest=fastest).cpu(), size)
    side = min(size) // 4
    right[:, -side:, -side:] = flow_wheel(side)
    return [
        Panel(f"{what} to left", left),
        Panel(f"{what} to right, wheel {fastest:.1f} px", right),
    ]


def visibility_panels(made: Interpolation, *, index: int = 0) -> list[Panel]:
    """Where the target is seen, in the left and in the right reference; white is seen."""
    seen = whole_picture(made, made.motion.logits[index].float().sigmoid())
    return [Panel("visible in left", seen[0]), Panel("visible in right", seen[1])]


def share_panel(made: Interpolation, *, index: int = 0) -> Panel:
    """How much of the blend comes from the left reference; white is all of it."""
    weights = visibility_weights(made.motion.logits[index].float())
    return Panel("share of left", whole_picture(made, weights[0]))


def error_panel(image: Tensor, truth: Tensor, *, label: str = "error") -> Panel:
    """Where a picture is wrong and by how much; :func:`error_legend` tells the scale.

    Args:
        image: (3, H, W) in [0, 1].
        truth: likewise.
        label: above it.

    Returns:
        Mean absolute difference of the colours from 0, black, to :data:`LARGEST_ERROR`, white.
    """
    wrong = (image.float().clamp(0.0, 1.0) - truth.float()).abs().mean(dim=0)
    return Panel(label, heat(wrong, largest=LARGEST_ERROR).cpu())


def error_legend(width: int) -> Tensor:
    """(3, 24, width): the colours of :func:`error_panel`, with their ends in 8-bit levels."""
    return heat_bar(width, f"error {255 * LARGEST_ERROR:.0f} of 255")
