"""The demonstration: half of a made clip hidden, made again, compared with the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lift15.data import photo_scene
from lift15.making import load_model, reach
from lift15.strip import draw_strip
from lift15.upsampling import check_factor, upsample_video
from vfiblocks import Interpolation, Interpolator
from vfiblocks.errors import InputError
from vfiblocks.metrics import psnr
from vfiblocks.video import write_picture, write_video

RATE = 15  # of the source clip; interpolated it plays at twice that


@dataclass(frozen=True)
class DemoResult:
    """What :func:`run_demo` measured and wrote.

    Attributes:
        scores: method -> PSNR in dB, mean over the hidden frames, 8-bit pictures.
        source: the clip with every second frame hidden.
        interpolated: the clip made from it.
        strip: one hidden frame, from its references to its error.
    """

    scores: dict[str, float]
    source: Path
    interpolated: Path
    strip: Path


def run_demo(
    folder: str | Path,
    *,
    frames: int = 33,
    model: str = "classical",
    untrained: bool = False,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> DemoResult:
    """Make, hide, interpolate, compare, draw.

    Args:
        folder: made if missing; three files in it are replaced.
        frames: of the whole clip, an odd number.
        model: a registered name or a checkpoint.
        untrained: allow random weights.
        on_progress: called with hidden frames measured and their number.

    Raises:
        InputError: for an even number of frames, whose last would have no right neighbour.
    """
    if frames < 3 or frames % 2 == 0:
        raise InputError(f"the clip must have an odd number of frames from 3 on, got {frames}")
    network = load_model(model, device="cpu", untrained=untrained)
    check_factor(network, 2)
    truth = photo_scene(frames)
    shown, hidden = truth[::2], truth[1::2]
    scores: dict[str, list[float]] = {"repeat the left frame": [], "average": [], model: []}
    middle = len(hidden) // 2
    drawn: Interpolation | None = None
    for index, target in enumerate(hidden):
        left, right = shown[index], shown[index + 1]
        made = _between(network, shown, index)
        for method, picture in zip(scores, (left, (left + right) / 2, made.image[0]), strict=True):
            scores[method].append(float(psnr(picture, target)))
        if index == middle:
            drawn = made
        if on_progress:
            on_progress(index + 1, len(hidden))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source, interpolated = folder / "source.mp4", folder / "interpolated.mp4"
    write_video(source, shown, rate=RATE, overwrite=True)
    upsample_video(source, interpolated, model=network, overwrite=True)
    strip = folder / "strip.png"
    if drawn is not None:
        write_picture(strip, draw_strip(drawn, hidden[middle]), overwrite=True)
    means = {method: sum(values) / len(values) for method, values in scores.items()}
    return DemoResult(means, source, interpolated, strip)


def _between(model: Interpolator, shown: Tensor, index: int) -> Interpolation:
    """The model's whole answer for the moment between ``shown[index]`` and the next frame."""
    left, right = reach(model)
    wanted = range(index + 1 - left, index + 1 + right)
    valid = torch.tensor([[0 <= i < len(shown) for i in wanted]])
    frames = torch.stack([shown[min(max(i, 0), len(shown) - 1)] for i in wanted])
    with torch.inference_mode():
        made: Interpolation = model(
            frames[None], model.window_between(left=left, right=right), valid
        )
    return made
