"""What is refused before a model runs, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.window import Window

if TYPE_CHECKING:
    from vfiblocks.interpolator import Interpolator


def check_clip(
    model: Interpolator, frames: Tensor, window: Window, valid: Tensor | None = None
) -> None:
    """Refuse a clip (B, T, 3, H, W) that ``model`` cannot take.

    Raises:
        InputError: for frames of another kind, number, place or range, or missing references.
    """
    if not isinstance(window, Window):
        raise InputError(f"window must be a Window, got {window!r}; Window(positions, target)")
    if not isinstance(frames, Tensor):
        raise InputError(f"frames must be a tensor (B, T, 3, H, W), got {type(frames).__name__}")
    if frames.ndim != 5 or frames.shape[2] != 3 or 0 in frames.shape:
        raise InputError(
            f"frames must be (B, T, 3, H, W), got {tuple(frames.shape)}; "
            "a clip of RGB pictures is torch.stack(pictures)[None]"
        )
    _check_floats(frames)
    if frames.shape[1] != len(window):
        raise InputError(
            f"the window has {len(window)} positions, but {frames.shape[1]} frames came; give "
            f"a window that fits, such as Window.even(left, right) with left + right = "
            f"{frames.shape[1]}"
        )
    check_time(model, window)
    if valid is not None and (valid.shape != frames.shape[:2] or valid.dtype != torch.bool):
        raise InputError(
            f"valid must be a bool tensor {tuple(frames.shape[:2])}, one per frame, got "
            f"{valid.dtype} {tuple(valid.shape)}"
        )
    if torch.compiler.is_compiling() or frames.is_meta:  # what follows reads values
        return
    if valid is not None and valid.device != frames.device:
        raise InputError(
            f"frames are on {frames.device}, but valid is on {valid.device}; "
            "valid.to(frames.device)"
        )
    _check_place(model, frames)
    if valid is not None and not valid[:, list(window.references)].all():
        raise InputError(
            "the two reference frames must exist; valid marks one of them as missing "
            f"(entries {window.references})"
        )
    if not model.training:
        _check_values(frames if valid is None else frames[valid])


def check_picture(model: Interpolator, picture: Tensor) -> None:
    """Refuse a single frame (B, 3, H, W) that ``model`` cannot take.

    Raises:
        InputError: for a picture of another kind, place or range.
    """
    if not isinstance(picture, Tensor):
        raise InputError(f"a frame must be a tensor (B, 3, H, W), got {type(picture).__name__}")
    if picture.ndim != 4 or picture.shape[1] != 3 or 0 in picture.shape:
        raise InputError(f"a frame must be (B, 3, H, W), got {tuple(picture.shape)}")
    _check_floats(picture)
    _check_place(model, picture)
    _check_values(picture)


def check_time(model: Interpolator, window: Window) -> None:
    """Refuse a target that lies where ``model`` cannot interpolate.

    Raises:
        InputError: for times other than one half, where only the midpoint is known.
    """
    if not model.flow.any_time and abs(window.time - 0.5) > 1e-9:
        raise InputError(
            f"flow '{model.spec.flow.name}' as built here knows the midpoint only, but time "
            f"{window.time:g} was asked for; use a model with arbitrary time (such as "
            "'rife-m'), or recursion, the midpoints of midpoints"
        )


def _check_floats(frames: Tensor) -> None:
    if not frames.is_floating_point():
        raise InputError(
            f"frames must be floats in [0, 1], got {frames.dtype}; "
            "divide 8-bit levels by 255: frames.float() / 255"
        )


def _check_place(model: Interpolator, frames: Tensor) -> None:
    """Device and precision, which torch reports from deep inside and without naming frames."""
    weight = next(model.parameters(), None)
    if weight is None:
        return
    if weight.device != frames.device:
        raise InputError(
            f"frames are on {frames.device}, but the model is on {weight.device}; "
            f"frames.to({str(weight.device)!r})"
        )
    if weight.dtype != frames.dtype and not torch.is_autocast_enabled(frames.device.type):
        raise InputError(
            f"frames are {frames.dtype}, but the model computes in {weight.dtype}; "
            f"frames.to({weight.dtype}), or torch.autocast"
        )


def _check_values(frames: Tensor) -> None:
    low, high = (float(x) for x in torch.aminmax(frames.detach()))
    if not low >= -16.0 or not high <= 16.0:  # written so that NaN fails as well
        raise InputError(
            f"frames must be finite and lie in [0, 1], got values from {low:g} to {high:g}; "
            "8-bit levels are divided by 255"
        )
