"""RIFE's Contextnet as the start of a pyramid encoder, where the two have something in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from lift15.rife.importing import import_weights
from lift15.rife.keys import official_names
from lift15.rife.unpickle import is_checkpoint
from vfiblocks import Interpolator, ModelSpec, load
from vfiblocks.encoders import Pyramid
from vfiblocks.errors import CheckpointError, InputError

Deed = Literal["filled", "adapted", "left"]


@dataclass(frozen=True)
class Row:
    """What became of one parameter: its name and shape, and the tensor it was taken from."""

    parameter: str
    shape: tuple[int, ...]
    deed: Deed
    source: str


@dataclass(frozen=True)
class EncoderInit:
    """What :func:`init_encoder_from_rife` did; ``str()`` of it is a table.

    Attributes:
        rows: one per parameter of the encoder, in its order.
    """

    rows: tuple[Row, ...]

    @property
    def filled(self) -> frozenset[str]:
        """Parameters of the model that now are RIFE's, bit for bit."""
        return self._with("filled")

    @property
    def adapted(self) -> frozenset[str]:
        """Parameters of the model that were made from narrower ones of RIFE's."""
        return self._with("adapted")

    @property
    def left(self) -> frozenset[str]:
        """Parameters of the encoder that are as they were."""
        return self._with("left")

    def _with(self, deed: Deed) -> frozenset[str]:
        return frozenset(row.parameter for row in self.rows if row.deed == deed)

    def __str__(self) -> str:
        cells = [(r.parameter, "x".join(map(str, r.shape)), r.deed, r.source) for r in self.rows]
        widths = [max(map(len, column)) for column in list(zip(*cells, strict=True))[:3]]
        lines = [
            "  ".join([*(c.ljust(w) for c, w in zip(line, widths, strict=False)), line[3]]).rstrip()
            for line in cells
        ]
        lines.append(
            f"{len(self.filled)} filled, {len(self.adapted)} adapted, {len(self.left)} left as "
            "they were; RIFE's PReLU slopes have no counterpart, a pyramid has LeakyReLU"
        )
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class _Convolution:
    """A 3x3 convolution in either encoder; RIFE's under its official name."""

    name: str
    weight: Tensor
    bias: Tensor
    stride: int
    first: bool

    def like(self, other: _Convolution) -> bool:
        """Whether the tensors of one do the same work in the place of the other."""
        return self.weight.shape == other.weight.shape and self.stride == other.stride

    def widens_to(self, other: _Convolution) -> bool:
        """Whether it can be tiled to the other's size; pictures and features do not mix."""
        narrower = all(s <= o for s, o in zip(self.weight.shape, other.weight.shape, strict=True))
        if self.first or other.first:
            return self.first and other.first and narrower
        return narrower and self.stride == other.stride


def init_encoder_from_rife(
    model: Interpolator, file: str | Path, *, adapt: bool = False
) -> EncoderInit:
    """Start a ``pyramid`` encoder from RIFE (ECCV 2022) weights; nothing else is changed.

    Filled is a convolution that has one of the same shape and stride in RIFE's Contextnet, which
    serves once: with the usual widths 32->32, 32->64, 64->64, 64->128 and 128->128, five of nine.
    They learned their work at four times coarser resolution and with other activations, so whether
    they help is to be measured.

    With ``adapt`` the others are tiled from the widest convolution of the same stride that is no
    larger; the first, which reads the picture, from the first, whatever its stride. Output channel
    o repeats the source's o mod O; input channel i reads as the source's i mod I, divided by the
    number of channels that do. So features that are repeated on the way in come out as the
    source's, repeated: the rule by which Net2WiderNet keeps a widened network's function. Repeated
    channels start equal and part as far as what reads them tells them apart. What no convolution
    fits into stays as it was.

    Args:
        model: any model whose encoder is ``pyramid``.
        file: an official file, zip or folder of ``rife``, ``rife-m`` or ``rife-2r``, or a
            checkpoint of one.
        adapt: tile what has no counterpart.

    Returns:
        Which parameters were filled, adapted and left, so that freezing can follow.

    Raises:
        InputError: for a model with another encoder, or without memory.
        CheckpointError: for a file that is no whole RIFE with a Contextnet.

    Source: LIFT-15 section 2.8; Chen, Goodfellow and Shlens, "Net2Net", ICLR 2016, section 2.3.

    Example:
        >>> import tempfile
        >>> from vfiblocks import build_model, save
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = save(build_model("rife"), f"{folder.name}/rife.safetensors")
        >>> model = build_model("lift15-s1")
        >>> report = init_encoder_from_rife(model, path)
        >>> len(report.filled), len(report.left)
        (10, 8)
        >>> print(report)
        encoder.levels.1.0.0.weight   32x3x3x3       left    nothing that fits
        ...
        10 filled, 0 adapted, 8 left as they were; RIFE's PReLU slopes have no counterpart, ...
    """
    if not isinstance(model.encoder, Pyramid):
        name = model.spec.encoder.name if model.spec.encoder else None
        raise InputError(f"RIFE's encoder starts a 'pyramid', but the model's is {name!r}")
    if any(parameter.is_meta for parameter in model.encoder.parameters()):
        raise InputError("a dry run has no weights to fill; build the model with build_model")
    sources = _contextnet(file)
    targets = _pyramid(model.encoder)
    free = list(sources)
    rows: list[Row] = []
    with torch.no_grad():
        for target in targets:
            same = next((source for source in free if source.like(target)), None)
            wider = [source for source in sources if adapt and source.widens_to(target)]
            if same is not None:
                free.remove(same)
                deed: Deed = "filled"
                _copy(same.weight, same.bias, target)
            elif wider:
                same = max(wider, key=lambda source: source.weight.numel())
                deed = "adapted"
                _copy(*_tiled(same, target), target)
            else:
                deed = "left"
            for kind in ("weight", "bias"):
                shape = tuple(getattr(target, kind).shape)
                said = f"{same.name}.{kind}" if same is not None else "nothing that fits"
                rows.append(Row(f"{target.name}.{kind}", shape, deed, said))
    return EncoderInit(tuple(rows))


def _copy(weight: Tensor, bias: Tensor, target: _Convolution) -> None:
    target.weight.copy_(weight)
    target.bias.copy_(bias)


def _tiled(source: _Convolution, target: _Convolution) -> tuple[Tensor, Tensor]:
    """Weight and bias of the target's size; see :func:`init_encoder_from_rife`."""
    outputs, inputs = target.weight.shape[:2]
    rows = torch.arange(outputs) % source.weight.shape[0]
    columns = torch.arange(inputs) % source.weight.shape[1]
    copies = torch.bincount(columns)[columns].to(source.weight.dtype)
    return source.weight[rows][:, columns] / copies[:, None, None], source.bias[rows]


def _pyramid(encoder: Pyramid) -> list[_Convolution]:
    """Its convolutions in the order they run; the tensors are the parameters themselves."""
    return [
        _Convolution(
            f"encoder.{name}", module.weight, _bias(module), module.stride[0], first=not depth
        )
        for depth, (name, module) in enumerate(
            (name, m) for name, m in encoder.named_modules() if isinstance(m, nn.Conv2d)
        )
    ]


def _bias(module: nn.Conv2d) -> Tensor:
    assert module.bias is not None  # a pyramid's convolutions all have one
    return module.bias


def _contextnet(file: str | Path) -> list[_Convolution]:
    """The convolutions of a file's Contextnet, in the order they run."""
    spec, tensors = _read(file)
    if spec.encoder is None or spec.encoder.name != "contextnet":
        raise CheckpointError(
            f"{file} has no Contextnet to start from ({spec.description}); give weights of "
            "'rife', 'rife-m' or 'rife-2r'"
        )
    official = official_names(tensors)
    found: list[_Convolution] = []
    before = 1
    for level in sorted({int(n.split(".")[2]) for n in tensors if n.startswith("encoder.levels.")}):
        for depth in range(2):
            ours = f"encoder.levels.{level}.{depth}.0"
            found.append(
                _Convolution(
                    official[f"{ours}.weight"].removesuffix(".weight"),
                    tensors[f"{ours}.weight"],
                    tensors[f"{ours}.bias"],
                    stride=level // before if depth == 0 else 1,
                    first=not found,
                )
            )
        before = level
    return found


def _read(file: str | Path) -> tuple[ModelSpec, Mapping[str, Tensor]]:
    if is_checkpoint(file):
        model = load(file)
        return model.spec, model.state_dict()
    imported = import_weights(file)
    return imported.spec, imported.weights
