"""Clips on one sheet, to look at: ``python -m lift15.data.generated.contact_sheet FOLDER``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from lift15.data.generated.recipes import RECIPES
from lift15.data.generated.source import Generated
from vfiblocks.plots import Panel, filmstrip, flow_to_rgb
from vfiblocks.video import write_picture


def draw_contact_sheet(source: Generated, clips: Sequence[int], *, height: int = 160) -> Tensor:
    """A row per clip: a frame with its neighbours, the motion to them, and where it is seen.

    The frame is the middle one. Visibility is white where a pixel is seen in both neighbours, red
    where only in the left, blue where only in the right, black where in neither.

    Args:
        source: whose clips.
        clips: which.
        height: of a picture, in pixels.

    Returns:
        (3, H, W) in [0, 1].

    Example:
        >>> source = Generated(clips=2, height=48, width=64)
        >>> draw_contact_sheet(source, [0, 1], height=48).shape
        torch.Size([3, 172, 440])
    """
    panels: list[Panel] = []
    for clip in clips:
        middle = source.clips[clip].length // 2
        left, frame, right = source.read(clip, [middle - 1, middle, middle + 1]).float() / 255.0
        flow, visible = source.motion(clip, middle, (middle - 1, middle + 1))
        fastest = float(torch.linalg.vector_norm(flow, dim=1).max())
        to_left, to_right = flow_to_rgb(flow, largest=fastest)
        panels += [
            Panel(source.clips[clip].name, left),
            Panel(" ".join(source.tags(clip)[1:]) or "frame", frame),
            Panel("next", right),
            Panel(f"up to {fastest:.2f} px", to_left),
            Panel("to the next", to_right),
            Panel("seen", _seen(visible)),
        ]
    return filmstrip(panels, columns=6, height=height)


def _seen(visible: Tensor) -> Tensor:
    """(2, 1, H, W) bool to colours, (3, H, W)."""
    left, right = visible[:, 0].float()
    return torch.stack((left, left * right, right))


def main() -> None:
    """One sheet per subset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="train")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for subset in RECIPES:
        source = Generated(
            clips=asked.clips,
            height=asked.size,
            width=asked.size,
            seed=asked.seed,
            split=asked.split,
            subset=subset,
        )
        sheet = draw_contact_sheet(source, range(asked.clips), height=min(asked.size, 256))
        print(write_picture(asked.folder / f"{subset}.png", sheet, overwrite=True))


if __name__ == "__main__":
    main()
