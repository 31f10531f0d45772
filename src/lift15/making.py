"""A model made ready to make a video's frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from lift15.recursion import Recursion
from lift15.shipped import with_weights
from lift15.streaming import StreamMaker
from vfiblocks import Interpolator, Window, build_model, optimize
from vfiblocks.errors import InputError
from vfiblocks.memory import plan_tiles, read_memory
from vfiblocks.stream import Keep
from vfiblocks.tiling import Tiled
from vfiblocks.video import FrameMaker, Gap, VideoInfo

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""What torch is to compute in where it thinks that safe; None is everything in float32."""

WEIGHTLESS = "classical"
"""The model that others are held against: it needs no weights, and two frames."""

DEFAULT = "classical-quadratic"
"""The model used when none is named: the best one that needs no file of the user."""


def load_model(
    source: str | Path,
    *,
    device: str = "auto",
    untrained: bool = False,
    flow_scale: float | None = None,
) -> Interpolator:
    """A model ready to make frames, and for nothing else: it cannot be trained or saved.

    Args:
        source: as for :func:`vfiblocks.build_model`; a name brings the weights that ship with it.
        device: "cpu", "cuda", ...; "auto" takes a GPU if there is one.
        untrained: allow a network whose weights are random.
        flow_scale: look for motion at this fraction of the resolution, where the model can.

    Raises:
        InputError: for random weights that were not asked for, or a device that is not there.
        AssemblyError: for a flow scale that the model does not take.
    """
    source = with_weights(source)
    changes = {} if flow_scale is None else {"flow": {"flow_scale": flow_scale}}
    model = build_model(source, **changes)
    weights = sum(p.numel() for p in model.parameters())
    if weights and not untrained and Path(source).suffix != ".safetensors":
        raise InputError(
            f"model '{source}' has no trained weights here, and random ones make noise; give a "
            f"checkpoint (--model FILE.safetensors), use '{DEFAULT}', or insist with "
            "--allow-untrained"
        )
    return optimize(model.to(find_device(device)))


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


def frame_maker(
    model: Interpolator,
    *,
    precision: str = "float32",
    tile: tuple[int, int] | None = None,
    keep: Keep = "all",
) -> FrameMaker:
    """The callable that :func:`vfiblocks.video.upsample` wants, with this model behind it.

    A model that knows the midpoint only is called on midpoints of midpoints. What is known of a
    source frame is kept while it is needed; not with tiles, which read a frame in many places.

    Args:
        model: any assembled model, in ``eval()``.
        precision: what torch computes in where it thinks that safe, a key of :data:`PRECISIONS`.
        tile: height and width of tiles; see :class:`vfiblocks.tiling.Tiled`.
        keep: of frames ahead; see :class:`vfiblocks.stream.KeyedStream`.

    Raises:
        InputError: for an unknown precision.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision is one of {', '.join(PRECISIONS)}, got {precision!r}")
    autocast = PRECISIONS[precision]
    if tile is None:
        return StreamMaker(model, keep=keep, autocast=autocast)
    tiled = Tiled(model, tile=tile)
    make = _at_any_time(tiled) if model.flow.any_time else Recursion(tiled)
    return make if autocast is None else _in_precision(make, device_of(model), autocast)


def _at_any_time(tiled: Tiled) -> FrameMaker:
    """Each window is moved to where the model's own target lies.

    Positional encodings then stay near those it was trained on.
    """

    def make(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        valid = None if bool(gap.valid.all()) else gap.valid
        for window in windows:
            # An even window has its references at -1 and 1, around zero.
            yield tiled(gap.frames, window.shifted(tiled.window.target), valid).image

    return make


def _in_precision(make: FrameMaker, device: torch.device, dtype: torch.dtype) -> FrameMaker:
    def maker(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        frames = iter(make(gap, windows))
        while True:
            with torch.autocast(device.type, dtype):
                made = next(frames, None)
            if made is None:
                return
            yield made.float()

    return maker


def choose_tile(
    model: Interpolator, info: VideoInfo, *, tile: str | None, max_memory: str | None
) -> tuple[int, int] | None:
    """The tile that a wish for one, or for a memory limit, comes to; None for whole frames.

    Raises:
        InputError: for a wish that is unclear or cannot be met.
    """
    if tile is not None:
        match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", tile)
        if not match:
            raise InputError(f"a tile is given as height x width, such as 512x768, got {tile!r}")
        return int(match[1]), int(match[2])
    if max_memory is None:
        return None
    size = (info.height, info.width)
    return plan_tiles(model.spec, size=size, max_memory=read_memory(max_memory))


def reach(model: Interpolator) -> tuple[int, int]:
    """How many frames left and right of the target a model reads.

    Without an aggregator only the references are read, whatever its window holds.
    """
    if model.aggregator is None:
        return 1, 1
    return model.window.left, model.window.right
