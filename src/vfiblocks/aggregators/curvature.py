"""Motion that bends, measured at the frames beyond the references."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vfiblocks.aggregators.coarse_motion import (
    Course,
    displacements,
    gaps_from_target,
    likely,
    matching_costs,
    outer_frames,
    seen_at_target,
)
from vfiblocks.ops import backward_warp
from vfiblocks.window import Window

RADIUS = 4
"""How far from where the straight line leads an outer frame is searched, in cells."""

LIMIT = 4.0
"""Bound of curvature, in cells per squared gap, smooth: midway, content lies up to one cell off the
line."""


class Curvature(nn.Module):
    """Bends a straight course by what the next frame on each side says, through a learned gate.

    What lies at place x at the target lies, u gaps later, at

        x + v u + c (u^2 - u (u_left + u_right)).

    The straight part is known from the references, which were taken at u_left and u_right. What
    the line connects in the two lies off it by c (u - u_left)(u - u_right) in the outer frames:
    both are searched around the line, and c is the least-squares fit to what is found. Both have to
    exist; a sample that lacks one keeps its line.

    The gate, one number per cell, starts at zero. It is told how sure the findings are and how far
    they disagree, since curvature taken as it is helps on average and harms where it is wrong.

    Source: quadratic motion, QVI (Xu et al., NeurIPS 2019); least squares, EQVI (Liu et al., 2020).
    """

    CUES = 2

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Conv2d(5, 1, 1)
        for parameter in self.gate.parameters():
            nn.init.zeros_(parameter)

    def forward(
        self,
        course: Course,
        match: Tensor,
        window: Window,
        valid: Tensor | None,
        sharpness: Tensor,
    ) -> Course:
        """Bend.

        Args:
            course: a straight one.
            match: (B, T, M, h, w), of unit length, zeros in missing frames, at least float32.
            window: when the frames were taken.
            valid: (B, T) bool; None if all frames exist.
            sharpness: factor of cosines before their softmax.
        """
        flow, gaps = course.flow, gaps_from_target(window)
        left, right = (gaps[i] for i in window.references)
        target = seen_at_target(match, flow, window)
        sample = torch.arange(match.shape[0], device=match.device)
        offs, bends, alike, found = [], [], [], []
        for side in outer_frames(window):
            chosen, exists = _nearest(side, match, valid)
            there = backward_warp(match[sample, chosen], flow[sample, chosen])
            costs = matching_costs(target, there, RADIUS)
            off, sure = likely(displacements(RADIUS, costs), costs, sharpness)
            gap = flow.new_tensor(gaps)[chosen].view(-1, 1, 1, 1)
            exists = exists.view(-1, 1, 1, 1)
            offs.append(torch.where(exists, off, 0.0))
            bends.append(torch.where(exists, (gap - left) * (gap - right), 1.0))
            alike.append(sure)
            found.append(exists)
        strength = bends[0].square() + bends[1].square()
        fit = (offs[0] * bends[0] + offs[1] * bends[1]) / strength
        fit = LIMIT * torch.tanh(fit / LIMIT)
        apart = (offs[0] * bends[1] - offs[1] * bends[0]) / strength
        evidence = torch.cat(
            (
                course.cues[:, -1:],
                *alike,
                torch.tanh(apart.abs().sum(1, keepdim=True)),
                (fit / LIMIT).abs().sum(1, keepdim=True),
            ),
            dim=1,
        )
        gate = torch.tanh(self.gate(evidence))
        curvature = torch.where(found[0] & found[1], gate * fit, 0.0)
        u = flow.new_tensor(gaps).view(-1, 1, 1, 1)
        flow = flow + curvature[:, None] * u * (u - (left + right))
        return Course(flow, torch.cat((course.cues, curvature / LIMIT), dim=1))


def _nearest(side: list[int], match: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
    """(B,) the first frame of each sample that exists, any if none does, and (B,) whether it does.

    The work is done even where no frame is left: a data-parallel step wants a gradient of every
    parameter, whatever window its rank drew.
    """
    batch, device = match.shape[0], match.device
    if not side or valid is None:
        chosen = torch.full((batch,), side[0] if side else 0, device=device)
        return chosen, torch.full((batch,), bool(side), device=device)
    there = valid[:, side]
    ranks = torch.arange(len(side), 0, -1, device=device)
    return torch.tensor(side, device=device)[(there * ranks).argmax(1)], there.any(1)
