"""Official weights of any RIFE as a model of ours."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

import vfiblocks
from lift15.rife.keys import TEACHERS, TRAINING_ONLY, bare_name, official_names, teacher_names
from lift15.rife.sources import read_source
from lift15.rife.structures import Fit, Known, compare, find_known, narrow, nearest, title
from vfiblocks import Interpolator, ModelSpec, assemble, dry_run
from vfiblocks.errors import CheckpointError

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Imported:
    """Official weights, checked and under our names.

    Attributes:
        model_name: ours, such as "rife-4.6".
        versions: official versions that the file may be of; files do not say which.
        spec: what to assemble.
        weights: every tensor of the model, float32.
        teacher: the training-only block, under the names of one block of the flow estimator; empty
            if the file has none.
        set_aside: official names of what the model does without: what belongs to training only, the
            teacher's included, and the refinement of early 4.x files.
        notes: what was done to the tensors or left open, one sentence each.
        facts: file, checksum, versions and importer, as :func:`save` writes them.
    """

    model_name: str
    versions: tuple[str, ...]
    spec: ModelSpec
    weights: Mapping[str, Tensor] = field(repr=False)
    teacher: Mapping[str, Tensor] = field(repr=False)
    set_aside: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...]
    facts: Mapping[str, str]

    @property
    def parameters(self) -> int:
        """How many numbers the weights are."""
        return sum(tensor.numel() for tensor in self.weights.values())

    def build(self) -> Interpolator:
        """The model with these weights, in ``eval()`` mode."""
        model = assemble(self.spec)
        model.load_state_dict(dict(self.weights), strict=True)
        return model.eval()

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a checkpoint that ``build_model`` and ``vfi interpolate --model`` take.

        Raises:
            CheckpointError: if the file exists, is not called .safetensors or cannot be written.
        """
        path = check_output(path, overwrite=overwrite)
        model = dry_run(self.spec)
        model.load_state_dict(dict(self.weights), strict=True, assign=True)
        return vfiblocks.save(model, path, facts=self.facts)

    def save_teacher(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the training-only block; names are those inside one block, such as "up.bias".

        Raises:
            CheckpointError: as :meth:`save`, or if there is no teacher.
        """
        path = check_output(path, overwrite=overwrite)
        if not self.teacher:
            raise CheckpointError(f"{self.facts['source']} has no teacher block to write to {path}")
        temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
        try:
            temporary.touch(exist_ok=False)
            usual = temporary.stat().st_mode  # safetensors writes for the owner's eyes only
            save_file(dict(self.teacher), temporary, metadata={**self.facts, "part": "teacher"})
            temporary.chmod(usual)
            os.replace(temporary, path)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot write {path}: {error}") from error
        finally:
            temporary.unlink(missing_ok=True)
        return path


def import_weights(
    path: str | Path, *, model: str | None = None, member: str | None = None
) -> Imported:
    """Read an official RIFE file of any version; nothing in it is run.

    The version is found by comparing names and shapes with every structure that is known. Names
    may begin with ``module.`` or not, and the tensors may lie inside a wrapper such as
    ``{"state_dict": ...}``.

    Args:
        path: .pkl, .pth, .pt, .bin or .safetensors, a folder ``train_log``, or a zip of one.
        model: which of ours it is, where files cannot tell: ``rife`` is assumed for what may be
            ``rife-2r`` too. Anything that does not fit the file is refused.
        member: which file of a zip or folder, if several hold tensors.

    Raises:
        CheckpointError: for a file that is damaged, holds code, or is no RIFE known here; the
            nearest one is named, with what differs.
        UnknownComponent: for a model that does not exist.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> shapes = find_known("rife").official_shapes(head="cnn")
        >>> torch.save({f"module.{n}": torch.rand(*s) for n, (s,) in shapes.items()},
        ...            f"{folder.name}/flownet.pkl")
        >>> imported = import_weights(f"{folder.name}/flownet.pkl")
        >>> imported.model_name, imported.versions, imported.parameters
        ('rife', ('ECCV', 'ECCV 2R'), 10071550)
    """
    source = read_source(path, member=member)
    what = str(path)
    state, others = _bare(source.tensors, what)
    aside = {name: tensor for name, tensor in state.items() if name.startswith(TRAINING_ONLY)}
    state = {name: tensor for name, tensor in state.items() if name not in aside}
    chosen, fit, versions, notes = _recognise(state, model, what)
    if others:
        notes.append(f"entries that are no tensors were ignored: {_list(others)}")

    convert = _Converter(what)
    spelling = official_names(chosen.shapes, head=fit.head)
    read = set(spelling.values())
    if refinement := {name: tensor for name, tensor in state.items() if name not in read}:
        aside |= refinement
        notes.append("the file's refinement is off in the published pictures, and was set aside")
    weights = {
        ours: convert(official, state[official], chosen.shapes[ours])
        for ours, official in spelling.items()
    }
    teacher = {
        ours: convert(official, aside[official], None)
        for prefix in TEACHERS
        for ours, official in teacher_names(chosen.shapes, prefix=prefix).items()
        if official in aside
    }
    facts = {
        "source": source.file if source.member is None else f"{source.file}: {source.member}",
        "sha256": source.sha256,
        "official version": title(versions),
        "importer": f"vfiblocks {vfiblocks.__version__}",
    }
    notes += convert.notes()
    return Imported(
        chosen.name, versions, chosen.spec, weights, teacher, tuple(aside), tuple(notes), facts
    )


def check_output(path: str | Path, *, overwrite: bool) -> Path:
    """A path that may be written.

    Raises:
        CheckpointError: for another suffix than .safetensors, or a file that is there already.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise CheckpointError(f"weights are written as {SUFFIX}, got {path}; change the suffix")
    if path.exists() and not overwrite:
        raise CheckpointError(f"{path}: already exists; allow overwriting to replace it")
    return path


def _bare(tensors: Mapping[str, Any], what: str) -> tuple[dict[str, Tensor], list[str]]:
    """Tensors by their official name, and the names of what is no tensor."""
    state: dict[str, Tensor] = {}
    others: list[str] = []
    for name, value in tensors.items():
        bare = bare_name(name)
        if not isinstance(value, Tensor):
            others.append(name)
        elif bare in state:
            raise CheckpointError(
                f"{what} has '{bare}' more than once, with and without a wrapper's prefix; keep one"
            )
        else:
            state[bare] = value
    return state, others


def _recognise(
    state: Mapping[str, Tensor], model: str | None, what: str
) -> tuple[Known, Fit, tuple[str, ...], list[str]]:
    """The model to fill, how its names are spelt, the versions it may be, and remarks on that."""
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    best = nearest(shapes)
    candidates = narrow(best, shapes)
    looks = title([known.version for known in candidates])
    if model is not None:
        known = find_known(model)
        fit = compare(shapes, known)
        if not fit.whole:
            hint = f"; it is {looks}, '{candidates[0].name}' here" if best.whole else ""
            raise CheckpointError(f"{what} does not fit model '{model}': {fit.differences()}{hint}")
        unlike = [] if known in candidates else [f"the file looks like {looks}: same structure"]
        return known, fit, (known.version,), unlike
    if not best.fitting:
        names = _list(state) or "nothing but what belongs to training"
        raise CheckpointError(f"{what} is no RIFE: none of its tensors is known, it holds {names}")
    if not best.whole:
        raise CheckpointError(
            f"{what} is no RIFE known here; the nearest is '{candidates[0].name}' ({looks}): "
            f"{best.differences()}"
        )
    chosen = candidates[0]
    notes = []
    if others := [k.name for k in candidates if k.spec != chosen.spec]:
        notes.append(
            f"taken for '{chosen.name}'; names and shapes are the same in {_list(others)}, which "
            "--model chooses"
        )
    return chosen, best, tuple(known.version for known in candidates), notes


class _Converter:
    """Checks tensors, makes them float32 and remembers what it did, to say it once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._types: dict[str, int] = {}
        self._cut: list[str] = []

    def __call__(self, name: str, tensor: Tensor, shape: tuple[int, ...] | None) -> Tensor:
        """The tensor as the model takes it; ``shape`` is None where none is prescribed."""
        if tensor.layout != torch.strided or tensor.is_meta or not tensor.is_floating_point():
            raise CheckpointError(
                f"{self._what}: '{name}' is no dense tensor of floats, but {tensor.dtype}, "
                f"{tensor.layout}, on {tensor.device}"
            )
        if tensor.dtype != torch.float32:
            kind = str(tensor.dtype).removeprefix("torch.")
            self._types[kind] = self._types.get(kind, 0) + 1
        if shape is not None and tuple(tensor.shape) != shape:
            self._cut.append(name)
            # Outputs are the second axis of a transposed convolution's weight. Each channel after
            # the pixel shuffle is four neighbours before it, so the first ones can be kept.
            tensor = tensor[: shape[0]] if len(shape) == 1 else tensor[:, : shape[1]]
        tensor = tensor.detach().to(torch.float32).clone(memory_format=torch.contiguous_format)
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"{self._what}: '{name}' holds NaN or infinity; the training went wrong, or the "
                "file is damaged"
            )
        return tensor

    def notes(self) -> list[str]:
        """What was done, in sentences."""
        notes = [f"{n} tensors of {kind} were made float32" for kind, n in self._types.items()]
        if self._cut:
            notes.append(f"output channels that nothing reads were left behind: {_list(self._cut)}")
        return notes


def _list(names: Iterable[str], most: int = 4) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
