"""What a model returned as one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vfiblocks.errors import InputError, MissingDependency
from vfiblocks.plots.flow_wheel import flow_to_rgb, flow_wheel
from vfiblocks.plots.heat import heat
from vfiblocks.plots.panels import LARGEST_ERROR, whole_flow, whole_picture
from vfiblocks.states import Interpolation, Truth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, TITLE = 2.7, 0.27
"""Width of a picture and height of its title, in inches."""


def figure(made: Interpolation, truth: Tensor | Truth | None = None, *, index: int = 0) -> Figure:
    """References, draft, flow with its wheel, visibility, the picture, and its error.

    Flow is coloured by direction and speed as the wheel shows: each point has the colour of motion
    from the centre to it, and the rim is the fastest pixel. Visibility is the sigmoid of the
    logits, white where the target is seen. Error is the mean absolute difference of the colours,
    from 0, black, to 51 levels of 255, white, on the same scale in every figure.

    Args:
        made: what a model returned.
        truth: (B, 3, H, W) in [0, 1], or one (3, H, W), or a :class:`Truth`; its picture and the
            error are left out where none is given.
        index: which sample of the batch.

    Returns:
        A matplotlib figure, which a notebook shows and ``savefig`` writes.

    Raises:
        MissingDependency: matplotlib is not installed.
        InputError: the batch has no such sample, or the truth is no such picture.

    Example:
        >>> from vfiblocks import build_model
        >>> made = build_model("classical")(torch.rand(1, 2, 3, 48, 64))
        >>> [axes.get_title() for axes in figure(made).axes if axes.get_title()][:3]
        ['left reference', 'draft', 'prediction']
    """
    try:
        from vfiblocks.plots.shown import Shown
    except ImportError as error:
        raise MissingDependency(
            "plotting a result needs matplotlib; pip install 'vfiblocks[plot]'"
        ) from error
    batch = len(made.image)
    if not 0 <= index < batch:
        raise InputError(f"plot wants a sample from 0 to {batch - 1} of this batch, got {index}")
    made = _detached(made)
    true = None if truth is None else _true_picture(made, truth, index)
    flow = whole_flow(made, made.motion, index=index)
    fastest = float(torch.linalg.vector_norm(flow, dim=-3).max())
    pictures = _pictures(made, flow, fastest, true, index)
    columns = len(pictures) // 2
    height = WIDTH * made.image.shape[-2] / made.image.shape[-1]
    shown = Shown(figsize=(columns * WIDTH, 2 * (height + TITLE)), layout="constrained")
    grid: Any = shown.subplots(2, columns)
    for axes, (title, picture) in zip(grid.flat, pictures, strict=True):
        axes.set_axis_off()
        axes.imshow(picture.clamp(0, 1).movedim(0, -1).numpy(), interpolation="nearest")
        axes.set_title(title, fontsize=9)
        if title == "flow to left":
            _add_wheel(axes, fastest)
        if title.startswith("error"):
            _add_scale(shown, axes)
    return shown


def _pictures(
    made: Interpolation, flow: Tensor, fastest: float, true: Tensor | None, index: int
) -> list[tuple[str, Tensor]]:
    """Titles and pictures (3, H, W): pictures above, what was estimated below, as many.

    What belongs to the left reference stands at the left, to the right one at the right.
    """
    left, right = whole_picture(made, made.references[index])
    seen = whole_picture(made, made.motion.logits[index].sigmoid()).expand(-1, 3, -1, -1)
    to_left, to_right = flow_to_rgb(flow, largest=fastest)
    image = made.image[index]
    draft = whole_picture(made, made.draft.image[index])
    above = [("left reference", left), ("draft", draft), ("prediction", image)]
    below = [("flow to left", to_left), ("visible in left", seen[0])]
    if true is not None:
        wrong = (image.clamp(0, 1) - true).abs().mean(dim=0)
        error = f"error, mean {255 * float(wrong.mean()):.2f} levels"
        above.append(("truth", true))
        below.append((error, heat(wrong, largest=LARGEST_ERROR)))
    above.append(("right reference", right))
    below += [("visible in right", seen[1]), ("flow to right", to_right)]
    return above + below


def _add_wheel(axes: Any, fastest: float) -> None:
    """The legend of the flow, in the corner of its picture."""
    height, width = axes.images[0].get_array().shape[:2]
    side = min(height, width) // 4
    inset = axes.inset_axes((0.02, 0.02, side / width, side / height))
    inset.imshow(flow_wheel(129).movedim(0, -1).numpy())
    inset.set_axis_off()
    axes.text(
        0.98, 0.03, f"rim {fastest:.1f} px", transform=axes.transAxes, ha="right", fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.8},
    )  # fmt: skip


def _add_scale(shown: Figure, axes: Any) -> None:
    """The legend of the error, below its picture."""
    from matplotlib.colors import ListedColormap

    colours = heat(torch.linspace(0, 1, 256)[None])[:, 0].T.numpy()
    axes.images[0].set_cmap(ListedColormap(colours))
    axes.images[0].set_clim(0, 255 * LARGEST_ERROR)
    bar = shown.colorbar(
        axes.images[0], ax=axes, location="bottom", shrink=0.8, pad=0.02, aspect=30
    )
    bar.ax.tick_params(labelsize=7)


def _true_picture(made: Interpolation, truth: Tensor | Truth, index: int) -> Tensor:
    image = truth.image if isinstance(truth, Truth) else truth
    wanted = tuple(made.image.shape)
    if tuple(image.shape) == wanted[1:] and wanted[0] == 1:
        image = image[None]
    if tuple(image.shape) != wanted:
        raise InputError(
            f"plot wants the truth as (B, 3, H, W) {wanted}, as the model's picture is, got "
            f"{tuple(image.shape)}"
        )
    return image[index].detach().float().cpu()


def _detached(made: Interpolation) -> Interpolation:
    """On the CPU in float32, without gradients; coarser motion is not drawn."""
    motion = made.motion._replace(
        flow=_plain(made.motion.flow), logits=_plain(made.motion.logits), coarser=(), others=()
    )
    draft = made.draft._replace(image=_plain(made.draft.image), warped=_plain(made.draft.warped))
    return made._replace(
        image=_plain(made.image),
        draft=draft,
        motion=motion,
        context=None,
        references=_plain(made.references),
    )


def _plain(x: Tensor) -> Tensor:
    return x.detach().float().cpu()
