"""Weights from a file of torchvision's, read as tensors alone."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor
from vfiblocks import Interpolator
from vfiblocks.errors import CheckpointError

from vfiblocks_torchvision_flow.raft import Raft


def load_weights(model: Interpolator, path: str | Path) -> Interpolator:
    """Load what torchvision publishes for RAFT, from a file that you have.

    Nothing is downloaded, and nothing in the file is run. Save the model afterwards with
    :func:`vfiblocks.save`, and the checkpoint needs this file no more.

    Args:
        model: with flow 'raft', small or large as the file is.
        path: such as ``raft_small_C_T_V2-01064c6d.pth``.

    Returns:
        The model itself.

    Raises:
        CheckpointError: the model has another flow, or the file cannot be read or does not fit.

    Example:
        >>> from vfiblocks import build_model
        >>> load_weights(build_model("classical"), "raft_small.pth")
        Traceback (most recent call last):
        vfiblocks.errors.CheckpointError: raft_small.pth is for flow 'raft', and this model's ...
    """
    path = Path(path)
    if not isinstance(model.flow, Raft):
        raise CheckpointError(
            f"{path} is for flow 'raft', and this model's flow is '{model.spec.flow.name}'"
        )
    weights = _read(path)
    network = model.flow.network
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if found != wanted:
        name = min(n for n in {*wanted, *found} if wanted.get(n) != found.get(n))
        size = model.spec.flow.options["size"]
        raise CheckpointError(
            f"{path} does not fit raft '{size}': '{name}' is {found.get(name, 'missing')} in the "
            f"file and {wanted.get(name, 'missing')} in the network; is the file of another size?"
        )
    network.load_state_dict(weights)
    return model


def _read(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is no file of weights that torch reads as tensors alone "
            f"({type(error).__name__})"
        ) from error
    if not isinstance(content, dict) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items()
    ):
        raise CheckpointError(f"{path} must hold tensors by name, as torchvision's files do")
    return content
