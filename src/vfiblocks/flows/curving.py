"""How motion bends between the references, told by the frames next to them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.flows.carrying import mismatch
from vfiblocks.flows.dis import DisSetting, one_way_flow
from vfiblocks.flows.smoothing import gaussian
from vfiblocks.ops import backward_warp

# What DIS finds is uneven from pixel to pixel, and curvature is a difference of such findings:
# both neighbours' findings are averaged over this many pixels before they are compared.
SMOOTH = 4.0
# Over which their agreement is judged.
AROUND = 6.0
# Mean colour difference at which a finding counts exp(-1) against its surroundings: what is hidden
# in a neighbour has none.
MISMATCH = 0.05
# And at which, over a neighbourhood, curvature is given up: beyond a cut nothing matches.
UNLIKE = 0.15
# Departures from a line below this many pixels are taken for noise.
NOISE = 0.2
# How much of a disagreement of the two neighbours counts as noise too. Of frames evenly apart the
# fit through four is exact midway for cubic motion as well, so that disagreement is half forgiven.
DOUBT = 0.5
# Bound in pixels per squared gap; midway, content lies up to two pixels off the line.
LONGEST = 8.0
# Neighbours of more than so many gaps from their reference say little about the motion here.
FARTHEST = 2.0


class Neighbour(NamedTuple):
    """A frame beyond a reference.

    Attributes:
        picture: (3, H, W), float32 in [0, 1], on the CPU.
        when: in gaps between the references, from 0 at the left one to 1 at the right one.
    """

    picture: Tensor
    when: float


def curvatures(
    left: Tensor,
    right: Tensor,
    flows: Tensor,
    before: Neighbour,
    after: Neighbour,
    setting: DisSetting,
) -> tuple[Tensor, Tensor]:
    """Curvature at each pixel of the left reference and of the right one.

    What moves by v between the references lies u gaps after the left one v u + c u (u - 1) away
    from where it was; c is its curvature, and the same whichever way time runs.

    Args:
        left: (3, H, W), float32 in [0, 1], on the CPU.
        right: likewise.
        flows: (2, 2, H, W), left to right and right to left.
        before: the frame next to the left reference.
        after: the frame next to the right reference.
        setting: of the search; flow is looked for between frames next to each other only.

    Returns:
        Twice (2, H, W), in pixels per squared gap.
    """
    forward, backward = flows
    to_before = one_way_flow(left, before.picture, setting)
    to_after = one_way_flow(right, after.picture, setting)
    # The right reference sees time run the other way.
    past, future = before._replace(when=1 - before.when), after._replace(when=1 - after.when)
    return (
        _curvature(left, forward, before, to_before, after, to_after),
        _curvature(right, backward, future, to_after, past, to_before),
    )


def _curvature(
    reference: Tensor,
    flow: Tensor,
    near: Neighbour,
    to_near: Tensor,
    far: Neighbour,
    from_other_to_far: Tensor,
) -> Tensor:
    """(2, H, W) at the pixels of a reference, the other one being one gap away along ``flow``."""
    onwards = backward_warp(from_other_to_far, flow)
    offs = (to_near - near.when * flow, onwards - (far.when - 1) * flow)
    bends = [neighbour.when * (neighbour.when - 1) for neighbour in (near, far)]
    unlike = mismatch(reference, near.picture, to_near)
    unlike = (unlike + mismatch(reference, far.picture, flow + onwards)) / 2

    weight = torch.exp(-(unlike / MISMATCH).square()) + 1e-4
    first, second = (_blur(off * weight, SMOOTH) / _blur(weight, SMOOTH) for off in offs)
    strength = bends[0] ** 2 + bends[1] ** 2
    found = (bends[0] * first + bends[1] * second) / strength  # least squares
    # Lengths squared of what the fit explains and of what it does not, in pixels at the neighbours
    explained = strength * found.square().sum(0, keepdim=True)
    left_over = (bends[0] * second - bends[1] * first).square().sum(0, keepdim=True) / strength
    explained, left_over, weight = (
        _blur(x, AROUND) for x in (explained * weight, left_over * weight, weight)
    )
    gate = explained / (explained + DOUBT * left_over + NOISE**2 * weight)
    gate = gate * torch.exp(-(_blur(unlike, AROUND) / UNLIKE).square())
    length = torch.hypot(*found)
    return found * gate * (LONGEST / length.clamp(min=LONGEST))


def _blur(maps: Tensor, sigma: float) -> Tensor:
    return gaussian(maps[:, None].contiguous(), sigma)[:, 0]
