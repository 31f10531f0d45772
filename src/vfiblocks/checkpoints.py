"""Weights on disk: one safetensors file holds the tensors and the resolved spec.

``load`` is strict and needs no name. Filling a model partly is another verb, ``load_part``, and
says what it did. Nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vfiblocks.assembly import assemble
from vfiblocks.errors import CheckpointError, VfiError
from vfiblocks.interpolator import Interpolator
from vfiblocks.spec import ModelSpec

KEY = "vfiblocks"


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: the spec, facts about the weights, and the tensors by name."""

    spec: ModelSpec
    fingerprint: str
    facts: Mapping[str, str]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class PartReport:
    """What :func:`load_part` did, parameter by parameter.

    Attributes:
        filled: taken from the file.
        mismatched: same name, other shape: "name: file shape, model shape".
        missing: in the model, not in the file; left as they were.
        surplus: in the file, not in the model; ignored.
    """

    filled: tuple[str, ...]
    mismatched: tuple[str, ...]
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    def __str__(self) -> str:
        head = (
            f"{len(self.filled)} filled, {len(self.mismatched)} of another shape, "
            f"{len(self.missing)} left alone, {len(self.surplus)} unused"
        )
        return "\n".join((head, *(f"  another shape: {line}" for line in self.mismatched)))


def save(
    model: Interpolator,
    path: str | Path,
    *,
    facts: Mapping[str, str] | None = None,
    dtype: torch.dtype | None = None,
) -> Path:
    """Write weights and spec to a safetensors file, whole or not at all.

    Args:
        model: any assembled model.
        path: ends in ``.safetensors``; an existing file is replaced only once the new one is whole.
        facts: free text about the weights (training data, licence, scores), kept in the metadata.
        dtype: what floating tensors are stored in, such as ``torch.float16`` for half the size;
            loading gives them back in the model's own.

    Raises:
        CheckpointError: for another suffix, a folder that cannot be written, or a dry run.

    Example:
        >>> import tempfile
        >>> from vfiblocks import build_model, load, save
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = save(build_model("lift15-tiny"), f"{folder.name}/tiny.safetensors")
        >>> load(path).spec == build_model("lift15-tiny").spec
        True
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise CheckpointError(f"weights are saved as .safetensors, got {path}; change the suffix")
    about = {
        "spec": model.spec.to_dict(),
        "fingerprint": model.spec.fingerprint,
        "facts": dict(facts or {}),
    }
    tensors = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    if dtype is not None:
        tensors = {n: v.to(dtype) if v.is_floating_point() else v for n, v in tensors.items()}
    if any(value.is_meta for value in tensors.values()):
        raise CheckpointError(
            f"cannot write {path}: the model is a dry run and has no weights; build it with "
            "assemble or build_model"
        )
    # In the same folder, so that the last step is a rename.
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
    try:
        temporary.touch(exist_ok=False)
        usual = temporary.stat().st_mode  # safetensors writes for the owner's eyes only
        save_file(tensors, temporary, metadata={KEY: json.dumps(about, sort_keys=True)})
        temporary.chmod(usual)
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load(
    path: str | Path,
    *,
    device: str | torch.device = "cpu",
    overrides: Mapping[str, Any] | None = None,
) -> Interpolator:
    """The model a file describes, with its weights; in ``eval()`` mode.

    Args:
        path: a file that :func:`save` wrote.
        device: where the weights go.
        overrides: changes to its spec, as :meth:`ModelSpec.override` takes them, that leave every
            tensor as it is, such as ``{"flow": {"flow_scale": 0.5}}``.

    Raises:
        CheckpointError: if the file is truncated, foreign, or does not fit its own spec, or the
            changed one.
    """
    checkpoint = read(path)
    spec = checkpoint.spec.override(**overrides) if overrides else checkpoint.spec
    try:
        with torch.device("meta"):
            model = assemble(spec)
    except VfiError as error:
        if overrides:
            raise
        raise CheckpointError(f"{path}: its model cannot be assembled: {error}") from error
    expected = model.state_dict()
    if differences := _differences(expected, checkpoint.tensors):
        found = f"{'; '.join(differences[:3])}{' ...' if len(differences) > 3 else ''}"
        if overrides:
            raise CheckpointError(
                f"{path} holds weights for its own spec, so {', '.join(overrides)} cannot be "
                f"overridden; build the changed spec and fill it with load_part ({found})"
            )
        raise CheckpointError(
            f"{path}: tensors do not fit its own spec ({checkpoint.fingerprint}): {found}; "
            "the file was changed, or written by another version; load_part fills what fits"
        )
    model = assemble(spec)  # once more with memory, so that derived buffers are real
    model.load_state_dict(dict(checkpoint.tensors), strict=True)
    return model.to(device).eval()


def load_part(model: nn.Module, path: str | Path, *, prefix: str = "") -> PartReport:
    """Fill what fits by name and shape, leave the rest, and say which is which.

    Args:
        model: any module; typically an assembled model of another spec.
        path: a checkpoint file.
        prefix: only names that start with it, such as "encoder.".

    Raises:
        CheckpointError: if the file cannot be read, or nothing at all fits.
    """
    source = {n: t for n, t in read(path).tensors.items() if n.startswith(prefix)}
    target = {n: t for n, t in model.state_dict().items() if n.startswith(prefix)}
    fits = [n for n in source if n in target and source[n].shape == target[n].shape]
    report = PartReport(
        filled=tuple(fits),
        mismatched=tuple(
            f"{n}: file {tuple(source[n].shape)}, model {tuple(target[n].shape)}"
            for n in source
            if n in target and n not in fits
        ),
        missing=tuple(n for n in target if n not in source),
        surplus=tuple(n for n in source if n not in target),
    )
    if not fits:
        raise CheckpointError(
            f"{path}: no tensor named '{prefix}*' fits the model; it holds "
            f"{', '.join(sorted(read(path).tensors)[:3])} ..."
        )
    model.load_state_dict({n: source[n] for n in fits}, strict=False)
    return report


def read(path: str | Path) -> Checkpoint:
    """A file's spec and tensors, without building anything.

    Raises:
        CheckpointError: if it is no safetensors file of ours, or a truncated one.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}") from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({_reason(error)}); download or save it again"
        ) from error
    if KEY not in metadata:
        raise CheckpointError(
            f"{path} is a safetensors file, but carries no vfiblocks spec; `vfi weights import` "
            "makes a checkpoint of official weights, and save one of a model that you fill"
        )
    try:
        about = json.loads(metadata[KEY])
        return Checkpoint(
            ModelSpec.from_dict(about["spec"]),
            str(about["fingerprint"]),
            {str(k): str(v) for k, v in about.get("facts", {}).items()},
            tensors,
        )
    except (ValueError, KeyError, TypeError, AttributeError, VfiError) as error:
        raise CheckpointError(f"{path} carries a spec that cannot be read: {error}") from error


def _differences(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    lines = [f"'{name}' is missing" for name in expected if name not in found]
    lines += [f"'{name}' is not part of the model" for name in found if name not in expected]
    lines += [
        f"'{name}' is {tuple(found[name].shape)} instead of {tuple(expected[name].shape)}"
        for name in expected
        if name in found and expected[name].shape != found[name].shape
    ]
    return lines


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
