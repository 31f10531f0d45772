"""Models as ONNX files, for engines that know nothing of torch."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import secrets
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from vfiblocks.errors import AssemblyError, CheckpointError, InputError, MissingDependency
from vfiblocks.interpolator import Interpolator

OPSET = 18
"""Of ONNX; sampling a grid, as warping does, came with 16."""

CLOSE = 1e-3
"""How far a picture of the file may be from torch's, of 1; a quarter of an 8-bit step."""


class Picture(nn.Module):
    """What is exported: clip in, picture out, at the window the model was made for.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("lift15-tiny").eval()
        >>> Picture(model)(torch.rand(1, 14, 3, 32, 48)).shape
        torch.Size([1, 3, 32, 48])
    """

    def __init__(self, model: Interpolator) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, 3, H, W) in [0, 1] to (B, 3, H, W)."""
        image: Tensor = self.model(frames).image
        return image


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the file. Input ``frames`` (1, T, 3, H, W), output ``image`` (1, 3, H, W), floats in
            [0, 1].
        size: height and width of the frames; with ``dynamic``, of the example.
        multiple: what height and width must be multiples of, if they are free; None if fixed.
        difference: of random frames' pictures from torch's, the largest, as ONNX Runtime makes
            them.
    """

    path: Path
    size: tuple[int, int]
    multiple: int | None
    difference: float


def export_onnx(
    model: Interpolator,
    path: str | Path,
    *,
    size: tuple[int, int],
    dynamic: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write a model as an ONNX file, compared with torch in ONNX Runtime before it gets its name.

    Args:
        model: in ``eval()``; it interpolates at the moment its own window asks for.
        path: ends in ``.onnx``.
        size: height and width of the frames. What is no multiple of ``model.multiple`` is padded
            inside, and cropped back.
        dynamic: leave height and width free, in multiples of ``model.multiple``.
        overwrite: replace an existing file, once the new one is whole.

    Raises:
        InputError: another suffix, an existing file, a size that does not fit, a model in training.
        AssemblyError: the flow is no single graph of torch's, or torch cannot export the model.
        MissingDependency: onnx, onnxscript or onnxruntime is not installed.
        CheckpointError: the file cannot be written, or makes other pictures than the model.
    """
    path = Path(path)
    _check(model, path, size, dynamic=dynamic, overwrite=overwrite)
    runtime = _needed("onnxruntime")
    for name in ("onnx", "onnxscript"):
        _needed(name)
    frames = torch.rand(1, len(model.window), 3, *size, generator=torch.Generator().manual_seed(0))
    program = _program(model, frames, dynamic=dynamic)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial.onnx")
    try:
        program.save(temporary)
        tried = [frames]
        if dynamic:  # a size that the exporter has not seen
            tried.append(frames[..., : -model.multiple].contiguous())
        difference = max(_difference(model, runtime, temporary, one) for one in tried)
        if not difference <= CLOSE:
            raise CheckpointError(
                f"{path} was not written: its pictures would be up to {difference:.2g} from the "
                f"model's, more than {CLOSE:g}"
            )
        os.replace(temporary, path)
    except OSError as error:
        raise CheckpointError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
        temporary.with_name(f"{temporary.name}.data").unlink(missing_ok=True)
    return Exported(path, size, model.multiple if dynamic else None, difference)


def _check(
    model: Interpolator, path: Path, size: tuple[int, int], *, dynamic: bool, overwrite: bool
) -> None:
    if path.suffix != ".onnx":
        raise InputError(f"an ONNX file is called .onnx, got {path}; change the suffix")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; say overwrite to replace it")
    if model.training:
        raise InputError("the model is in training mode; call eval() first")
    if not model.flow.traceable:
        raise AssemblyError(
            f"flow '{model.spec.flow.name}' computes outside of torch, or decides by the values it "
            "sees, which no ONNX file of one graph can hold; export a model with another flow"
        )
    if min(size) < 1:
        raise InputError(f"the size is height and width, both positive, got {size}")
    unit = model.multiple
    if dynamic and (min(size) < 3 * unit or any(side % unit for side in size)):
        raise InputError(
            f"with a free size, the size of the example is given in multiples of {unit}, at least "
            f"{3 * unit}, got {size[0]}x{size[1]}"
        )


def _program(model: Interpolator, frames: Tensor, *, dynamic: bool) -> Any:
    shapes = None
    if dynamic:
        tall, wide = (model.multiple * Dim(side, min=2, max=512) for side in ("tall", "wide"))
        shapes = ({3: tall, 4: wide},)
    try:
        with torch.no_grad(), _quietly():
            program = torch.onnx.export(
                Picture(model),
                (frames,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["frames"],
                output_names=["image"],
                dynamic_shapes=shapes,
                verbose=False,
            )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        cause = error.__cause__ or error
        reason = str(cause).partition("\n")[0]
        raise AssemblyError(
            f"torch {torch.__version__} cannot export this model: {type(cause).__name__}: {reason}"
        ) from error
    return program


def _difference(model: Interpolator, runtime: Any, path: Path, frames: Tensor) -> float:
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {"frames": frames.numpy()})
    with torch.no_grad():
        expected = model(frames).image
    return float((torch.from_numpy(made) - expected).abs().max())


def _needed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(
            f"writing ONNX files needs {name}, which is not installed; "
            "run: pip install vfiblocks[onnx]"
        ) from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The exporter warns and prints of its own affairs; what fails is said as an error."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            open(os.devnull, "w") as nowhere,
            contextlib.redirect_stdout(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
