"""Content followed from frame to frame, away from the references."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.aggregators.coarse_motion import (
    Course,
    displacements,
    likely,
    matching_costs,
    outer_frames,
    seen_at_target,
)
from vfiblocks.ops import backward_warp
from vfiblocks.window import Window


def follow(
    course: Course,
    match: Tensor,
    window: Window,
    valid: Tensor | None,
    *,
    radius: int,
    sharpness: Tensor,
) -> Course:
    """Look for what the target shows around where the frame before had it.

    From each reference outwards, frame by frame: content is searched around the place where it was
    seen last, in case it stopped or turned, and around where it would be had it moved on as
    ``course`` says. Its new place is the softmax-weighted mean of both searches. A line alone loses
    what shakes or turns, and the last place alone what is panned past it.

    Args:
        course: to start from.
        match: (B, T, M, h, w), of unit length, zeros in missing frames, at least float32.
        window: when the frames were taken.
        valid: (B, T) bool; None if all frames exist. Missing frames are stepped over.
        radius: of both searches, in cells.
        sharpness: factor of cosines before their softmax.

    Returns:
        The course with another flow to all but the references.
    """
    target = seen_at_target(match, course.flow, window)
    flow = list(course.flow.unbind(1))
    around = displacements(radius, target)
    for reference, frames in zip(window.references, outer_frames(window), strict=True):
        place = line = flow[reference]
        for frame in frames:
            there = match[:, frame]
            guesses = (place + (flow[frame] - line), place)
            costs = torch.cat(
                [
                    matching_costs(target, backward_warp(there, guess, padding="zeros"), radius)
                    for guess in guesses
                ],
                dim=1,
            )
            places = torch.cat([guess[:, None] + around for guess in guesses], dim=1)
            found, _ = likely(places, costs, sharpness)
            if valid is not None:
                exists = valid[:, frame].view(-1, 1, 1, 1)
                found = torch.where(exists, found, place)
                line = torch.where(exists, flow[frame], line)
            else:
                line = flow[frame]
            flow[frame] = place = found
    return course._replace(flow=torch.stack(flow, dim=1))
