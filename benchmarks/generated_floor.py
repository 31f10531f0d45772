"""What models without weights reach on generated clips, what is in the clips, and what they cost.

    python benchmarks/generated_floor.py > tables.md

The middle frame of every clip is made from its two neighbours. ``true motion`` warps both by the
true motion and takes each pixel from where it is seen: what is lost there is lost to reading
between pixels, to pixels that are seen in neither, and to light, blur and grain, not to the motion.
PSNR is over RGB at 8 bits with 1e-8 added to the error, so that equal frames count 80 dB; means
over clips. Times are processor time of one thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import cv2
import torch
from torch import Tensor

from lift15.data.generated import RECIPES, Generated
from vfiblocks import Interpolator, build_model
from vfiblocks.metrics import psnr
from vfiblocks.ops import backward_warp

EQUAL = 1e-8
SPEED_SIZES = (64, 128, 256)


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--split", default="train")
    parser.add_argument("--timed", type=int, default=20, help="clips per subset and size")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model = build_model("classical").eval()
    scores: list[list[str]] = []
    facts: list[list[str]] = []
    for subset in RECIPES:
        source = Generated(
            clips=asked.clips, height=asked.size, width=asked.size, split=asked.split, subset=subset
        )
        measured = [score(source, clip, model) for clip in range(asked.clips)]
        scores.append([subset, *(f"{value:.2f}" for value in means(measured))])
        inside = [describe(source, clip) for clip in range(asked.clips)]
        facts.append([subset, *(f"{value:.2f}" for value in means(inside))])
    print(
        f"{asked.clips} clips of {asked.size}x{asked.size} each, split {asked.split}, PSNR in dB\n"
    )
    table(("subset", "repeat", "average", "classical", "true motion"), scores)
    columns = ("seen in one %", "seen in neither %", "mean step px", "largest step px", "bend px")
    table(("subset", *columns), facts)
    rows = [speed(subset, size, asked.timed) for size in SPEED_SIZES for subset in RECIPES]
    table(("size", "subset", "clip ms", "frame ms", "motion ms", "frames/s, 3 of each clip"), rows)


def score(source: Generated, clip: int, model: Interpolator) -> tuple[float, ...]:
    """PSNR of repeating, averaging, the classical model, and of true motion."""
    middle = source.clips[clip].length // 2
    left, target, right = source.read(clip, [middle - 1, middle, middle + 1]).float() / 255.0
    both = torch.stack((left, right))
    flow, visible = source.motion(clip, middle, (middle - 1, middle + 1))
    weight = torch.where(visible.any(dim=0), visible.float(), 1.0)
    warped = (backward_warp(both, flow) * weight).sum(dim=0) / weight.sum(dim=0)
    with torch.inference_mode():
        made = model(both[None]).image[0]
    pictures = (left, both.mean(dim=0), made, warped)
    return tuple(float(psnr(picture, target, epsilon=EQUAL)) for picture in pictures)


def describe(source: Generated, clip: int) -> tuple[float, ...]:
    """Shares of pixels in per cent, and lengths in pixels.

    The bend is how far a pixel is off the middle between where it was and where it will be.
    """
    middle = source.clips[clip].length // 2
    flow, visible = source.motion(clip, middle, (middle - 1, middle + 1))
    step = torch.linalg.vector_norm(flow, dim=1)
    seen: Tensor = visible[:, 0].sum(dim=0)
    bend = torch.linalg.vector_norm(flow.mean(dim=0), dim=0)
    return (
        100.0 * float((seen == 1).float().mean()),
        100.0 * float((seen == 0).float().mean()),
        float(step.mean()),
        float(step.max()),
        float(bend.mean()),
    )


def speed(subset: str, size: int, clips: int) -> list[str]:
    """Milliseconds to draw a clip, a frame and its motion; and frames per second."""
    source = Generated(clips=clips + 1, height=size, width=size, subset=subset)
    source.read(clips, [0])  # photographs are decoded once
    drawing, reading, moving = 0.0, 0.0, 0.0
    for clip in range(clips):
        start = time.process_time()
        source.scene(clip)
        drawn = time.process_time()
        source.read(clip, [7, 8, 9])
        read = time.process_time()
        source.motion(clip, 8, (7, 9))
        drawing += drawn - start
        reading += read - drawn
        moving += time.process_time() - read
    spent = (drawing, reading / 3.0, moving)
    cells = (f"{1000.0 * seconds / clips:.1f}" for seconds in spent)
    return [str(size), subset, *cells, f"{3 * clips / (drawing + reading):.0f}"]


def means(rows: Sequence[tuple[float, ...]]) -> list[float]:
    """Column by column."""
    return [statistics.fmean(column) for column in zip(*rows, strict=True)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


if __name__ == "__main__":
    main()
