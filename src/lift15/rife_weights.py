"""Official RIFE weights under our names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from torch import Tensor

# The official names, ours in the order the parts are listed in the spec. A number that counts from
# one over there counts from zero here; the encoder's levels are named by stride.
_BLOCK = re.compile(r"(?:block(?P<index>[0-2])|block_tea)\.(?P<layer>conv0|convblock|lastconv)\.")
_BLOCK_LAYERS = {"conv0": "down.", "convblock": "body.", "lastconv": "up."}
_LEVEL = re.compile(r"contextnet\.conv(?P<level>[1-4])\.conv(?P<conv>[12])\.")
_DOWN = re.compile(r"unet\.down(?P<level>[0-3])\.conv(?P<conv>[12])\.")
_UP = re.compile(r"unet\.up(?P<level>[0-3])\.")
_HEAD = re.compile(r"unet\.conv\.")


class Converted(NamedTuple):
    """Official tensors, sorted by what they are for.

    Attributes:
        weights: under the names of an assembled ``rife``, ``rife-m`` or ``rife-2r``.
        teacher: the training-only block, under the names of one block of the flow estimator.
        unknown: names that RIFE (ECCV 2022) does not have, as they came.
    """

    weights: dict[str, Tensor]
    teacher: dict[str, Tensor]
    unknown: tuple[str, ...]


def convert_keys(state: Mapping[str, Tensor], *, first_stride: Literal[1, 2] = 2) -> Converted:
    """Rename the tensors of an official RIFE (ECCV 2022) file; none is changed or copied.

    The file is ``flownet.pkl``. It was written by a data-parallel wrapper, so that every name there
    begins with ``module.``; names without it are understood as well.

    Args:
        state: official name -> tensor, as ``torch.load(path, weights_only=True)`` gives it.
        first_stride: 1 for the 2R variant, whose encoder levels lie at other strides; its file
            cannot be told from the usual one by names or shapes.

    Example:
        >>> import torch
        >>> official = {"module.block0.lastconv.bias": torch.zeros(5),
        ...             "module.contextnet.conv2.conv1.0.bias": torch.zeros(32),
        ...             "module.block_tea.conv0.1.1.weight": torch.zeros(90),
        ...             "caltime.0.bias": torch.zeros(1)}
        >>> weights, teacher, unknown = convert_keys(official)
        >>> list(weights)
        ['flow.blocks.0.up.bias', 'encoder.levels.4.0.0.bias']
        >>> list(teacher), unknown
        (['down.1.1.weight'], ('caltime.0.bias',))

    Source: https://github.com/hzwer/ECCV2022-RIFE, ``model/IFNet.py`` and ``model/refine.py``.
    """
    weights: dict[str, Tensor] = {}
    teacher: dict[str, Tensor] = {}
    unknown: list[str] = []
    for official, tensor in state.items():
        name = official.removeprefix("module.")
        ours = _rename(name, first_stride)
        if ours is None:
            unknown.append(official)
        elif name.startswith("block_tea."):
            teacher[ours] = tensor
        else:
            weights[ours] = tensor
    return Converted(weights, teacher, tuple(unknown))


def _rename(name: str, first_stride: int) -> str | None:
    """Our name for one official name; None for a name that is not RIFE's."""
    if match := _BLOCK.match(name):
        block = "" if match["index"] is None else f"flow.blocks.{match['index']}."
        ours = block + _BLOCK_LAYERS[match["layer"]]
    elif match := _LEVEL.match(name):
        stride = first_stride * 2 ** (int(match["level"]) - 1)
        ours = f"encoder.levels.{stride}.{int(match['conv']) - 1}."
    elif match := _DOWN.match(name):
        ours = f"refiner.down.{match['level']}.{int(match['conv']) - 1}."
    elif match := _UP.match(name):
        ours = f"refiner.up.{match['level']}."
    elif match := _HEAD.match(name):
        ours = "refiner.head."
    else:
        return None
    return ours + name[match.end() :]
