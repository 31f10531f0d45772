"""A model as the maker of the frames between a video's frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from vfiblocks import Interpolator, Window, build_model
from vfiblocks.errors import InputError
from vfiblocks.video import FrameMaker, Report, interpolate_video

WEIGHTLESS = "classical"
"""The model used when none is named: it needs no weights."""


def load_model(
    source: str | Path, *, device: str = "auto", untrained: bool = False
) -> Interpolator:
    """A model ready to make frames.

    Args:
        source: as for :func:`vfiblocks.build_model`.
        device: "cpu", "cuda", ...; "auto" takes a GPU if there is one.
        untrained: allow a network whose weights are random.

    Raises:
        InputError: for random weights that were not asked for, or a device that is not there.
    """
    model = build_model(source)
    weights = sum(p.numel() for p in model.parameters())
    if weights and not untrained and Path(source).suffix != ".safetensors":
        raise InputError(
            f"model '{source}' has no trained weights here, and random ones make noise; give a "
            f"checkpoint (--model FILE.safetensors), use '{WEIGHTLESS}', or insist with "
            "--allow-untrained"
        )
    return model.to(find_device(device)).eval()


def find_device(name: str) -> torch.device:
    """The device of that name, or the best there is for "auto".

    >>> find_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {name!r} cannot be used here: {reason}") from error
    return device


def device_of(model: Interpolator) -> torch.device:
    """Where a model's weights are; the CPU for one without any."""
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def frame_maker(model: Interpolator) -> FrameMaker:
    """The callable that :func:`vfiblocks.video.upsample` wants, with this model behind it.

    The window it is called with is moved to where the model's own target lies, so that positional
    encodings stay near those it was trained on.
    """

    def make(frames: Tensor, window: Window, valid: Tensor) -> Tensor:
        # An even window has its references at -1 and 1, around zero.
        here = window.shifted(model.window.target)
        image: Tensor = model(frames, here, None if bool(valid.all()) else valid).image
        return image

    return make


def reach(model: Interpolator) -> tuple[int, int]:
    """How many frames left and right of the target a model reads.

    Without an aggregator only the references are read, whatever its window holds.
    """
    if model.aggregator is None:
        return 1, 1
    return model.window.left, model.window.right


def check_factor(model: Interpolator, factor: int) -> None:
    """Refuse a factor the model cannot make, before any work is done.

    Raises:
        InputError: for a factor below two, or one that needs times the model does not know.
    """
    if factor < 2:
        raise InputError(f"the factor must be 2 or more, got {factor}")
    if factor > 2 and not model.flow.any_time:
        raise InputError(
            f"flow '{model.spec.flow.name}' as built here makes midpoints only, and factor "
            f"{factor} needs other times; use factor 2, or a model with arbitrary time such as "
            "'rife-m'"
        )


def upsample_video(
    source: str | Path,
    target: str | Path,
    *,
    model: str | Path | Interpolator = WEIGHTLESS,
    factor: int = 2,
    device: str = "auto",
    overwrite: bool = False,
    limit: int | None = None,
    crf: int | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Write a video with ``factor`` times the frame rate of another; audio and tags are kept.

    Args:
        source: a video file or a folder of pictures.
        target: the file or folder to write; appears only when it is whole.
        model: a model, or what :func:`vfiblocks.build_model` takes.
        factor: frames out per frame in.
        device: where a named model runs.
        overwrite: replace ``target`` if it exists.
        limit: read no more than so many source frames.
        crf: constant quality of the encoder, lower is better; its default is close to lossless.
        on_progress: called with frames written and their total, if that is known.

    Returns:
        What was read and written.
    """
    if not isinstance(model, Interpolator):
        model = load_model(model, device=device)
    check_factor(model, factor)
    left, right = reach(model)
    return interpolate_video(
        source,
        target,
        frame_maker(model),
        factor=factor,
        left=left,
        right=right,
        device=device_of(model),
        overwrite=overwrite,
        limit=limit,
        crf=crf,
        on_progress=on_progress,
    )
