"""FFmpeg's `minterpolate` and the models without weights, on any folder of frame folders.

    python -m benchmarks.ffmpeg_baseline FOLDER [MODEL ...]

Windows are those of the protocol `clips@even` with three per clip. `minterpolate` (motion
compensated, overlapped blocks, bidirectional, variable block size) sees four frames on each side
in YUV 4:4:4 and doubles their rate; of what it makes the frame at the target is kept. Pictures
are cut to 256x448. PSNR over RGB, the mean over scenes; differences to `classical` with a bootstrap
over scenes, 95 %. Models of four frames may be named for further rows.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import av
import torch
from torch import Tensor

from benchmarks.unseen_paths import interval
from lift15.evaluation.protocols.clips import clips
from vfiblocks import Window, build_model
from vfiblocks.metrics import psnr

RATE = 25
SIDE = 4
"""Frames that `minterpolate` is shown on each side."""

SIZE = (256, 448)
"""That pictures are cut to, at most."""

OPTIONS = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"


def main() -> None:
    """Print a line per method."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", help="names or checkpoints")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    found = clips(asked.folder, layout="even", source="frames", windows=3, before=15, after=11)
    two = build_model("classical").eval()
    fours = {name: build_model(name).eval() for name in ("classical-quadratic", *asked.models)}
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    assert found.read is not None
    for item in found.items:
        refs = [*reversed(item.before[:SIDE]), *item.after[:SIDE]]
        *shown, target = [cut(frame) for frame in found.read([*refs, item.target])]
        frames, middle = torch.stack(shown), min(SIDE, len(item.before))
        with torch.inference_mode():
            pairs = frames[None, middle - 1 : middle + 1]
            around = frames[None, middle - 2 : middle + 2]
            made = {
                "average": pairs[0].mean(0),
                "minterpolate": minterpolate(shown, middle),
                "classical": two(pairs, Window.even(1, 1)).image[0],
            }
            for name, model in fours.items():
                made[name] = model(around, Window.even(2, 2)).image[0]
        for name, picture in made.items():
            scores[name][item.scene].append(float(psnr(picture, target)))
    base = torch.tensor([fmean(values) for values in scores["classical"].values()])
    print(f"{len(found.items)} windows of {len(base)} scenes")
    for name, scenes in scores.items():
        means = torch.tensor([fmean(values) for values in scenes.values()])
        gain = means - base
        low, high = interval(gain)
        print(
            f"{name}: {means.mean():.2f} dB, less classical {gain.mean():+.2f} "
            f"[{low:+.2f}, {high:+.2f}], better on {int((gain > 0).sum())} scenes"
        )


def cut(frame: Tensor) -> Tensor:
    """The middle of uint8 (3, H, W), as the protocol cuts it, in [0, 1]."""
    height, width = (min(side, most) for side, most in zip(frame.shape[-2:], SIZE, strict=True))
    top, left = (frame.shape[-2] - height) // 2, (frame.shape[-1] - width) // 2
    return frame[:, top : top + height, left : left + width].float() / 255


def minterpolate(frames: Sequence[Tensor], middle: int) -> Tensor:
    """The frame between number ``middle`` - 1 and ``middle``; (3, H, W) in [0, 1] in and out."""
    height, width = frames[0].shape[-2:]
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=width, height=height, format="rgb24", time_base=Fraction(1, RATE)
    )
    chain = [
        source,
        graph.add("format", "yuv444p"),
        graph.add("minterpolate", f"fps={2 * RATE}:{OPTIONS}"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(chain):
        before.link_to(after)
    graph.configure()
    for number, frame in enumerate(frames):
        rows = (frame.permute(1, 2, 0) * 255).round().to(torch.uint8).contiguous().numpy()
        picture = av.VideoFrame.from_ndarray(rows, format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, RATE)
        graph.push(picture)
    graph.push(None)
    wanted = Fraction(2 * middle - 1, 2 * RATE)
    while True:
        made = graph.pull()
        if made.pts * made.time_base == wanted:
            return torch.from_numpy(made.to_ndarray()).permute(2, 0, 1).float() / 255


if __name__ == "__main__":
    main()
