"""`classical-quadratic` against `classical` on clips on which no constant was chosen.

    python -m benchmarks.unseen_paths

Clips are generated, the validation side. The middle frame is made from its neighbours, one frame
away (a hole) and two frames away (even gaps). PSNR over RGB at 8 bits; the interval is a bootstrap
over clips.
"""

from __future__ import annotations

import argparse

import torch

from lift15.data.sources import open_source_by_text
from vfiblocks import Interpolator, Window, build_model
from vfiblocks.metrics import psnr

LAYOUTS = {
    "hole": ((-2, -1, 1, 2), Window.hole(5, 2)),
    "even": ((-3, -1, 1, 3), Window.even(2, 2)),
}


def main() -> None:
    """Print a line per layout."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=90)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    source = open_source_by_text(
        f"generated:?clips={asked.clips}&height=192&width=256&split=validation"
    )
    two, four = build_model("classical").eval(), build_model("classical-quadratic").eval()
    for layout, (places, window) in LAYOUTS.items():
        pairs = []
        for clip in range(asked.clips):
            middle = source.clips[clip].length // 2
            *shown, target = source.read(clip, [middle + k for k in (*places, 0)]).float() / 255.0
            frames = torch.stack(shown)[None]
            pairs.append(
                (
                    score(two, frames[:, 1:3], Window.even(1, 1), target),
                    score(four, frames, window, target),
                )
            )
        scores = torch.tensor(pairs)
        gain = scores[:, 1] - scores[:, 0]
        low, high = interval(gain)
        print(
            f"{layout}: {scores[:, 0].mean():.2f} -> {scores[:, 1].mean():.2f} dB, "
            f"{gain.mean():+.2f} [{low:+.2f}, {high:+.2f}], better on {int((gain > 0).sum())} "
            f"of {asked.clips} clips"
        )


@torch.inference_mode()
def score(model: Interpolator, frames: torch.Tensor, window: Window, target: torch.Tensor) -> float:
    """PSNR of the picture, rounded to 8 bits."""
    made = (model(frames, window).image[0] * 255).round() / 255
    return float(psnr(made, target, epsilon=1e-10))


def interval(gain: torch.Tensor) -> tuple[float, float]:
    """95 % of means of clips drawn anew."""
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(gain), (4000, len(gain)), generator=generator)
    low, high = gain[draws].mean(1).quantile(torch.tensor([0.025, 0.975])).tolist()
    return low, high


if __name__ == "__main__":
    main()
