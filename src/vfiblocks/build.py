"""From a name, a spec or a file to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vfiblocks.assembly import assemble
from vfiblocks.checkpoints import load
from vfiblocks.errors import CheckpointError, InputError, SpecError
from vfiblocks.hub import SCHEME, load_address
from vfiblocks.interpolator import Interpolator
from vfiblocks.registry import MODELS
from vfiblocks.spec import ModelSpec

CHECKPOINT_SUFFIXES = (".safetensors",)
SPEC_SUFFIXES = (".json", ".toml")
FOREIGN_SUFFIXES = (".bin", ".ckpt", ".pkl", ".pt", ".pth")


def build_model(source: str | Path | ModelSpec, **overrides: Any) -> Interpolator:
    """Build a model.

    Args:
        source: a registered name, a :class:`ModelSpec`, a ``.safetensors`` checkpoint (weights are
            loaded), one on the Hugging Face Hub as ``hf://owner/name`` or
            ``hf://owner/name@revision``, or a ``.json`` or ``.toml`` spec file.
        overrides: changes to the spec as :meth:`ModelSpec.override` takes them, one per stage. A
            checkpoint takes those that leave its tensors as they are.

    Raises:
        UnknownComponent: for a name that nobody announces.
        AssemblyError: for parts that do not fit together.
        CheckpointError: for a file that cannot be loaded.

    Example:
        >>> model = build_model("lift15-tiny", aggregator={"window": 8})
        >>> model.spec.aggregator.options["window"]
        8
        >>> build_model("lift15-tiny", aggregator=None).aggregator is None
        True
    """
    on_hub = isinstance(source, str) and source.startswith(SCHEME)
    if on_hub or (isinstance(source, str | Path) and Path(source).suffix in CHECKPOINT_SUFFIXES):
        changes = overrides or None
        if on_hub:
            return load_address(str(source), overrides=changes)
        return load(str(source), overrides=changes)
    return assemble(find_spec(source).override(**overrides))


def find_spec(source: str | Path | ModelSpec) -> ModelSpec:
    """The spec behind a registered name or a spec file; a spec is returned as it is.

    >>> find_spec("rife").flow
    Part('ifnet')
    """
    if isinstance(source, ModelSpec):
        return source
    if Path(source).suffix in SPEC_SUFFIXES:
        return ModelSpec.from_file(source)
    if Path(source).suffix in FOREIGN_SUFFIXES:
        raise CheckpointError(
            f"{source} may be a pickle, which can execute code, and names no model; official "
            f"weights become a checkpoint with `vfi weights import {source} -o model.safetensors`, "
            "others by filling a model with torch.load(path, weights_only=True) and saving it"
        )
    spec = MODELS.get(str(source))
    if not isinstance(spec, ModelSpec):
        raise SpecError(
            f"model '{source}', announced by {MODELS.origin(str(source))}, must be a ModelSpec, "
            f"got {type(spec).__name__}"
        )
    return spec


def list_models(pattern: str = "*") -> list[str]:
    """Names of all models whose name matches a shell pattern; none is built or imported.

    >>> list_models("lift15-layers*")
    ['lift15-layers2', 'lift15-layers4']
    """
    return list(MODELS.names(pattern))


def interpolate(model: Interpolator, left: Tensor, right: Tensor, time: float = 0.5) -> Tensor:
    """The picture between two pictures.

    Args:
        model: any assembled model; put it in ``eval()`` first. One made for more frames works from
            its two references here.
        left: (3, H, W) or (B, 3, H, W), floats in [0, 1].
        right: likewise, the same shape.
        time: where between them, in (0, 1).

    Returns:
        The same shape as ``left``.

    Raises:
        InputError: if the shapes differ or are neither of the two.

    Example:
        >>> import torch
        >>> model = build_model("lift15-tiny").eval()
        >>> interpolate(model, torch.rand(3, 48, 64), torch.rand(3, 48, 64)).shape
        torch.Size([3, 48, 64])
    """
    if left.shape != right.shape or left.ndim not in (3, 4):
        raise InputError(
            "two pictures must both be (3, H, W) or (B, 3, H, W), got "
            f"{tuple(left.shape)} and {tuple(right.shape)}"
        )
    pair = (left, right) if left.ndim == 4 else (left[None], right[None])
    window = model.window_between(time, left=1, right=1)
    image: Tensor = model(torch.stack(pair, dim=1), window).image
    return image if left.ndim == 4 else image[0]
