"""The typed states that flow between the five stages.

They are named tuples so that ``torch.compile``, ``torch.export`` and data-parallel wrappers see
through them without registration. The two references are a tensor axis ``p`` of size two, left then
right, and never two variables: ``rearrange(x, "b p c h w -> b (p c) h w")`` is the channel order of
every concatenation in the LIFT-15 text and in RIFE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Features(NamedTuple):
    """What the encoder half of a model hands to the decoder half, all padded to one size.

    Attributes:
        references: (B, 2, 3, H, W) the two reference frames, in [0, 1].
        taps: stride -> (B, 2, C, H/stride, W/stride), only the strides some part asked for.
        clip: (B, T, C, h, w) the tap that every frame contributes; None without an aggregator.
    """

    references: Tensor
    taps: dict[int, Tensor]
    clip: Tensor | None


class Context(NamedTuple):
    """What the aggregator distilled from all frames.

    Attributes:
        features: (B, C, h, w).
        weights: (B, T), how much each frame contributed; rows sum to one, 0 for missing frames.
    """

    features: Tensor
    weights: Tensor


class Motion(NamedTuple):
    """Motion from the target to each reference.

    Attributes:
        flow: (B, 2, 2, h, w), (dx, dy) in pixels of this grid; adding it to a target pixel gives
            the place in the reference where that pixel is seen.
        logits: (B, 2, 1, h, w), visibility before the sigmoid; high means visible (DECISIONS 10).
        coarser: the estimates this one was refined from, coarsest first, for losses and plots.
        others: further hypotheses on the same grid, each with nothing coarser and no others of its
            own; a blender may choose among them. What reads ``flow`` and ``logits`` alone sees the
            first.
    """

    flow: Tensor
    logits: Tensor
    coarser: tuple[Motion, ...] = ()
    others: tuple[Motion, ...] = ()


class Draft(NamedTuple):
    """The blended picture before refinement.

    Attributes:
        image: (B, 3, h, w), not clamped.
        warped: (B, 2, 3, h, w), the references brought to the target time.
    """

    image: Tensor
    warped: Tensor


class Interpolation(NamedTuple):
    """What a model returns.

    Attributes:
        image: (B, 3, H, W); clamped to [0, 1] in eval, as it is in training (DECISIONS 13).
        draft: at the padded size, as are the following.
        motion: see :class:`Motion`.
        context: None without an aggregator.
        references: (B, 2, 3, H', W'), the padded reference frames.
    """

    image: Tensor
    draft: Draft
    motion: Motion
    context: Context | None
    references: Tensor

    def plot(self, truth: Tensor | Truth | None = None, *, index: int = 0) -> Figure:
        """References, draft, flow, visibility and picture in one figure; it needs matplotlib.

        The same as :func:`vfiblocks.plots.figure`, which says what is in it.
        """
        from vfiblocks.plots import figure  # which needs the states

        return figure(self, truth, index=index)


class Truth(NamedTuple):
    """What is known of the moment that a model is asked for: what losses compare with.

    Attributes:
        image: (B, 3, H, W) in [0, 1], the true frame.
        flow: (B, 2, 2, H, W), true motion from the target to each reference, (dx, dy) in pixels of
            the full picture, given for hidden pixels as well; None where no sample knows it.
        visible: (B, 2, 1, H, W) bool, whether a target pixel is seen in each reference; goes with
            ``flow``.
        known: (B,) bool, for which samples ``flow`` and ``visible`` hold; goes with ``flow``. The
            others have zeros there.
    """

    image: Tensor
    flow: Tensor | None = None
    visible: Tensor | None = None
    known: Tensor | None = None
