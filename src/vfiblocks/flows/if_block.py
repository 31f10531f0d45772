"""The block that every IFNet is made of, from RIFE (ECCV 2022) to its version 4.26."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.layers import Join, conv3x3, conv_prelu
from vfiblocks.ops import backward_warp, backward_warp_shrunk
from vfiblocks.ports import Upstream
from vfiblocks.states import Motion

PICTURES = 6
"""Channels of the two references."""

FLOW = 4
"""Channels of flow: to the left reference, to the right one."""

MOTION = FLOW + 1
"""Channels of flow and mask logit."""

FLOW_SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)

Body = Literal["skip", "plain", "residual"]


class IFBlock(nn.Module):
    """One correction of the motion, worked out at 1/scale of the picture and returned at full size.

    Two strided convolutions, a body of eight, one deconvolution.

    Args:
        inputs: channels of what it looks at, and of the flow so far.
        channels: width.
        outputs: channels made, flow and mask logit first; what is beyond is for the next block.
        body: "skip" has PReLU and one skip around all eight (RIFE, 4.0); "plain" LeakyReLU and no
            skip (4.2); "residual" LeakyReLU and a scaled skip around each (4.5).
        groups: of the residual body's convolutions.
        first_stride: of the first convolution.
        shuffle: make 2x2 output pixels at once by pixel shuffle (4.5) instead of one, which
            interpolation then enlarges.

    Example:
        >>> import torch
        >>> block = IFBlock(6, 16)
        >>> block(torch.rand(1, 6, 64, 96), None, scale=4).shape
        torch.Size([1, 5, 64, 96])
    """

    def __init__(
        self,
        inputs: int,
        channels: int,
        *,
        outputs: int = MOTION,
        body: Body = "skip",
        groups: int = 1,
        first_stride: Literal[1, 2] = 2,
        shuffle: bool = False,
    ) -> None:
        super().__init__()
        self.skip = body == "skip"
        self.shuffle = shuffle
        # The deconvolution undoes one halving and the shuffle another; interpolation does the rest.
        self.behind = 1 if shuffle else first_stride
        self.join = Join()
        self.down = nn.Sequential(
            _conv(inputs, channels // 2, stride=first_stride, body=body),
            _conv(channels // 2, channels, stride=2, body=body),
        )
        self.body = nn.Sequential(
            *(
                ScaledResidual(channels, groups=groups)
                if body == "residual"
                else _conv(channels, channels, body=body)
                for _ in range(8)
            )
        )
        self.up = nn.ConvTranspose2d(channels, outputs * (4 if shuffle else 1), 4, 2, 1)

    def forward(self, seen: Tensor, flow: Tensor | None, *, scale: float) -> Tensor:
        """Correct the motion.

        Args:
            seen: (B, C, H, W), H and W multiples of 2 * first_stride * scale.
            flow: (B, 4, H, W) so far; None in the first block.
            scale: how much smaller than the picture to work.

        Returns:
            (B, outputs, H, W); flow is in pixels of the picture.
        """
        x = self.correct([rescale(seen, 1 / scale)], flow, scale=scale)
        return rescale(x, self.enlarge(scale))

    def correct(self, seen: Iterable[Tensor], flow: Tensor | None, *, scale: float) -> Tensor:
        """The same from pieces that are small already, and at the size that the block makes.

        Joined after shrinking: joined before, every channel would be copied at full size.

        Args:
            seen: (B, C, H/scale, W/scale) each.
            flow: (B, 4, H, W) as above.
            scale: how much smaller than the picture.

        Returns:
            (B, outputs, h, w), smaller than the picture by ``enlarge(scale)``.
        """
        pieces = list(seen)
        if flow is not None:
            flow = rescale(flow, 1 / scale)
            pieces.append(flow / scale if scale != 1 else flow)
        x: Tensor = self.down(self.join(*pieces))
        x = self.body(x).add_(x) if self.skip else self.body(x)
        x = self.up(x)
        if self.shuffle:
            x = F.pixel_shuffle(x, 2)
        # Planes from here on: what is done with five channels at full size needs no channel's
        # neighbours.
        x = x.contiguous()
        enlarge = self.enlarge(scale)
        if enlarge != 1:  # before enlarging, while there is little to multiply
            x[:, :FLOW].mul_(enlarge)
        return x

    def enlarge(self, scale: float) -> float:
        """How much smaller than the picture the correction comes."""
        return scale * self.behind


class ScaledResidual(nn.Module):
    """Convolution, scaled per channel, and skip: ``leaky_relu(conv(x) * beta + x)`` (RIFE 4.5).

    >>> import torch
    >>> ScaledResidual(8)(torch.rand(1, 8, 4, 6)).shape
    torch.Size([1, 8, 4, 6])
    """

    def __init__(self, channels: int, *, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, groups=groups)
        self.beta = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as ``x`` (B, C, H, W)."""
        return F.leaky_relu_(self.conv(x) * self.beta + x, 0.2)

    def for_inference(self, *, channels_last: bool) -> nn.Module:
        """Everything before the activation is one convolution; see :func:`vfiblocks.optimize`.

        The skip is a convolution too, whose middle tap is one from each channel to itself.
        """
        folded = copy.deepcopy(self.conv)
        channels, per_group = folded.weight.shape[:2]
        own = torch.arange(channels, device=folded.weight.device)
        folded.weight.mul_(self.beta.view(-1, 1, 1, 1))
        folded.weight[own, own % per_group, 1, 1] += 1
        if folded.bias is not None:
            folded.bias.mul_(self.beta.flatten())
        return nn.Sequential(folded, nn.LeakyReLU(0.2, inplace=True))


def warped_at(image: Tensor, flow: Tensor, scale: float) -> Tensor:
    """Pictures or features warped at full size and then shrunk to 1/scale, as blocks look at them.

    Args:
        image: (B, 2, C, H, W).
        flow: (B, 4, H, W).
        scale: how much smaller than the picture.

    Returns:
        (B, 2 * C, H/scale, W/scale), the left one's channels first.
    """
    flow = rearrange(flow, "b (p c) h w -> b p c h w", p=2)
    if scale >= 4 and scale % 2 == 0:
        warped = backward_warp_shrunk(image, flow, int(scale))
        return rearrange(warped, "b p c h w -> b (p c) h w")
    return rescale(rearrange(backward_warp(image, flow), "b p c h w -> b (p c) h w"), 1 / scale)


def hand_on(hidden: Tensor, enlarge: float, scale: float) -> Tensor:
    """A hidden state (B, C, h, w), enlarged to full size and shrunk again to 1/scale.

    Where both are bilinear and the second grid is an even number of times finer than the first,
    the pixels read in shrinking lie between the same two pixels of the first grid: going there
    directly is the same.
    """
    finer = enlarge / scale
    if scale >= 1 and finer % 2 == 0:
        return rescale(hidden, finer)
    return rescale(rescale(hidden, enlarge), 1 / scale)


def rescale(x: Tensor, factor: float) -> Tensor:
    """Resize (B, C, H, W) by a factor, bilinearly; RIFE shrinks this way too."""
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def scaled(upstream: Upstream, scales: tuple[int, ...], flow_scale: float) -> tuple[float, ...]:
    """The blocks' scales when flow is estimated at another resolution than published.

    Raises:
        AssemblyError: for no scales, one below 1, or a factor that is no such power of two.
    """
    if not scales or min(scales) < 1:
        raise upstream.refuse(f"needs scales of at least 1, got {scales}")
    if flow_scale not in FLOW_SCALES:
        raise upstream.refuse(
            f"needs flow_scale to be one of {FLOW_SCALES} (0.5 for 4K), got {flow_scale}"
        )
    return tuple(scale / flow_scale for scale in scales)


def as_motion(flow: Tensor, mask: Tensor) -> Motion:
    """Flow (B, 4, H, W) and mask logit (B, 1, H, W) as our state.

    The mask logit m is the visibility pair (m, -m): the blend of such a pair is sigmoid(m).
    """
    pair = mask.new_tensor((1.0, -1.0)).view(2, 1, 1, 1)  # one pass over the mask, not two
    return Motion(rearrange(flow, "b (p c) h w -> b p c h w", p=2), mask.unsqueeze(1) * pair)


def _conv(inputs: int, outputs: int, *, stride: int = 1, body: Body) -> nn.Sequential:
    if body == "skip":
        return conv_prelu(inputs, outputs, stride=stride)
    return conv3x3(inputs, outputs, stride=stride, slope=0.2)
