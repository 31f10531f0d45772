"""Pictures between pictures, and what the model saw on the way to them."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lift15.making import device_of, reach
from lift15.serve.jobs import Job
from lift15.serve.kinds import picture_kind
from lift15.serve.limits import Limits
from lift15.serve.pairs import upright
from vfiblocks import Interpolation, Interpolator
from vfiblocks.errors import InputError
from vfiblocks.plots import bars, flow_panels, share_panel, visibility_panels, whole_flow
from vfiblocks.plots import whole_picture as whole
from vfiblocks.video import open_source, write_picture


@dataclass(frozen=True)
class MadePicture:
    """One made picture and what the model saw, as PNG.

    Args:
        moment: between the pictures before and after, in (0, 1).
        path: the picture.
        seen: what the model saw: path and caption of each.
    """

    moment: float
    path: Path
    seen: list[tuple[Path, str]]


@dataclass(frozen=True)
class MadePictures:
    """What came out, and what it can be compared with, as PNG.

    Args:
        before: the picture before.
        after: the one after.
        average: of the two, each as near as it is in time, for the first moment.
        made: in the order of the moments.
    """

    before: Path
    after: Path
    averages: list[Path]
    made: list[MadePicture]


def read_moments(text: str) -> list[float]:
    """Moments between 0 and 1, in order of time and each once.

    Raises:
        InputError: there are none, or others.

    Example:
        >>> read_moments("0.75, 0.5 .25")
        [0.25, 0.5, 0.75]
    """
    words = re.split(r"[,;\s]+", text.strip())
    try:
        moments = sorted({float(word) for word in words})
    except ValueError as error:
        raise InputError(f"moments are numbers such as 0.25, 0.5, 0.75, got {text!r}") from error
    if not all(math.isfinite(m) and 0.0 < m < 1.0 for m in moments):
        raise InputError(f"moments lie between 0, the picture before, and 1, got {text!r}")
    return moments


def make_pictures(
    files: Sequence[Path],
    folder: Path,
    *,
    model: Interpolator,
    moments: Sequence[float],
    pair: int,
    limits: Limits,
    job: Job,
    on_progress: Callable[[int, int | None], None],
) -> MadePictures:
    """Make pictures between two, of which the model sees as many around as it reads.

    Args:
        files: pictures in order of time, evenly spaced.
        folder: for what is made; empty.
        model: makes the pictures.
        moments: between the two, in (0, 1).
        pair: index of the picture before.
        limits: what is refused.
        job: asked after every picture whether to go on.
        on_progress: called with pictures made and their number.

    Raises:
        InputError: the pictures are beyond a limit or differ in size, or the model does not know
            such moments.
        VideoError: a picture cannot be read.
        Stopped: the job was.
    """
    limits.check_pictures(files, moments)
    if not 0 <= pair < len(files) - 1:
        raise InputError(f"of {len(files)} pictures, one before and one after must be chosen")
    if not model.flow.any_time and any(moment != 0.5 for moment in moments):
        raise InputError("this model knows the moment midway alone; ask for 0.5")
    clip = read_pictures(files, limits)
    before, after = clip[pair], clip[pair + 1]
    ends = [
        write_picture(folder / name, image)
        for name, image in (("before.png", before), ("after.png", after))
    ]
    made, averages = [], []
    for number, moment in enumerate(moments, start=1):
        job.check()
        result, numbers = interpolate_among(model, clip, pair, moment)
        path = write_picture(folder / f"made-{moment:g}.png", result.image[0])
        made.append(MadePicture(moment, path, _draw(result, numbers, pair, folder, number)))
        average = torch.lerp(before, after, moment)
        averages.append(write_picture(folder / f"average-{number}.png", average))
        on_progress(number, len(moments))
    return MadePictures(*ends, averages, made)


def read_pictures(files: Sequence[Path], limits: Limits) -> Tensor:
    """(T, 3, H, W) in [0, 1], upright.

    Raises:
        InputError: a picture is too large, of another size, or of a kind that is not read.
        VideoError: a picture is damaged.
    """
    first = picture_kind(files[0])
    for file in files:
        kind = picture_kind(file)
        limits.check_size(kind.width, kind.height, file.name)
        if (kind.width, kind.height) != (first.width, first.height):
            raise InputError(
                f"{file.name} is {kind.width}x{kind.height} and {files[0].name} "
                f"{first.width}x{first.height}; all pictures must have one size"
            )
    # The video path reads folders in the order of names
    with tempfile.TemporaryDirectory(prefix="vfi-pictures-") as folder:
        for index, file in enumerate(files):
            (Path(folder) / f"{index}{file.suffix}").symlink_to(file.resolve())
        with open_source(folder) as source:
            clip = torch.stack([frame.rgb for frame in source])
            return upright(clip, round(source.info.rotation / 90))


@torch.inference_mode()
def interpolate_among(
    model: Interpolator, clip: Tensor, pair: int, moment: float
) -> tuple[Interpolation, list[int | None]]:
    """One picture, from as many around as the model reads and as there are.

    Args:
        model: any assembled model, in ``eval()``.
        clip: (T, 3, H, W) in [0, 1], two at least.
        pair: index of the picture before.
        moment: after it, in (0, 1).

    Returns:
        What the model returned, and which picture each frame of its window was, None for none.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("lift15-tiny").eval()
        >>> made, numbers = interpolate_among(model, torch.rand(3, 3, 32, 32), 1, 0.5)
        >>> made.image.shape, numbers[5:9]
        (torch.Size([1, 3, 32, 32]), [None, 0, 1, 2])
    """
    left, right = reach(model)
    around = range(pair + 1 - left, pair + 1 + right)
    numbers = [i if 0 <= i < len(clip) else None for i in around]
    device = device_of(model)
    frames = torch.stack([torch.zeros_like(clip[0]) if i is None else clip[i] for i in numbers])
    valid = torch.tensor([[i is not None for i in numbers]], device=device)
    window = model.window_between(moment, left=left, right=right)
    made = model(frames[None].to(device), window, None if bool(valid.all()) else valid)
    return made, numbers


def _draw(
    made: Interpolation, numbers: Sequence[int | None], pair: int, folder: Path, number: int
) -> list[tuple[Path, str]]:
    """Flow, visibility and shares, and the weights of the pictures where the model has them."""
    panels = [
        *flow_panels(whole_flow(made, made.motion)),
        *visibility_panels(made),
        share_panel(made),
    ]
    images = [(panel.label, panel.image.expand(3, -1, -1)) for panel in panels]
    images.insert(0, ("draft, before refinement", whole(made, made.draft.image[0])))
    if made.context is not None:
        there = [slot for slot, i in enumerate(numbers) if i is not None]
        seen = [numbers[slot] for slot in there]
        weights = made.context.weights[0].float().cpu()[there]
        chart = bars(
            weights,
            [str(1 + i) for i in seen if i is not None],
            size=(240, max(320, 48 * len(there))),
            line=1 / len(there),
            strong=[place for place, i in enumerate(seen) if i in (pair, pair + 1)],
        )
        images.append(("weight of each picture; line: all alike", chart))
    return [
        (write_picture(folder / f"seen-{number}-{index}.png", image), label)
        for index, (label, image) in enumerate(images)
    ]
