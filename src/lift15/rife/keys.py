"""Official RIFE names and ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from torch import Tensor

from vfiblocks import dry_run, find_spec
from vfiblocks.errors import InputError

Head = Literal["cnn", "index"]
"""How a 4.x file names its encoder's convolutions: ``encode.cnn1`` (4.13 on) or ``encode.2``."""

TEACHERS = ("block_tea.", "teacher.")
"""What the teacher's block is called: the second since some version before 4.18."""

TRAINING_ONLY = (*TEACHERS, "caltime.")
"""What official files carry besides the model: the teacher's block and a timing network."""

# What data-parallel training, torch.compile and common training scripts put before every name.
_WRAPPERS = ("module.", "_orig_mod.", "model.", "flownet.")
_BLOCK_LAYERS = {"down": "conv0", "body": "convblock", "up": "lastconv"}


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


def official_names(ours: Iterable[str], *, head: Head = "cnn") -> dict[str, str]:
    """Our name -> the official one, for every tensor of an assembled RIFE of any version.

    What differs between versions is read off our own names: levels of the encoder count from one
    over there, whatever their stride; a block whose convolutions have a ``beta`` ends in a pixel
    shuffle, which moves its deconvolution into a sequence.

    Args:
        ours: names of a state dict, such as ``dry_run(spec).state_dict()``; all of them, since
            what a name becomes depends on the others.
        head: the spelling of a 4.x encoder.

    Raises:
        InputError: for a name that no RIFE of ours has.

    Example:
        >>> official_names(["flow.blocks.0.up.bias", "refiner.head.bias"])
        {'flow.blocks.0.up.bias': 'block0.lastconv.bias', 'refiner.head.bias': 'unet.conv.bias'}
        >>> names = dry_run(find_spec("rife")).state_dict()
        >>> official_names(names)["encoder.levels.4.0.0.bias"]
        'contextnet.conv2.conv1.0.bias'

    Source: https://github.com/hzwer/ECCV2022-RIFE, ``model/IFNet.py`` and ``model/refine.py``; for
    4.x https://github.com/hzwer/Practical-RIFE, as far as files name their tensors.
    """
    paths = {name: name.split(".") for name in ours}
    levels = sorted({int(p[2]) for p in paths.values() if p[:2] == ["encoder", "levels"]})
    depth = len({p[2] for p in paths.values() if p[:2] == ["encoder", "body"]})
    shuffled = any(p[-1] == "beta" for p in paths.values())

    def convolution(k: int) -> list[str]:
        if head == "cnn":
            return ["encode", f"cnn{k}"]
        # In a sequence the activations count too; an encoder without a body has none.
        return ["encode", str(2 * k if depth else k)]

    def translate(path: list[str]) -> list[str]:
        match path:
            case ["flow", "blocks", index, "down" | "body" | "up", *_]:
                return [f"block{index}", *_in_block(path[3:], shuffled=shuffled)]
            case ["encoder", "levels", stride, conv, *rest]:
                level = levels.index(int(stride)) + 1
                return ["contextnet", f"conv{level}", f"conv{int(conv) + 1}", *rest]
            case ["encoder", "down", *rest]:
                return [*convolution(0), *rest]
            case ["encoder", "body", k, *rest]:
                return [*convolution(int(k) + 1), *rest]
            case ["encoder", "up", *rest]:
                return [*convolution(depth + 1), *rest]
            case ["refiner", "down", level, conv, *rest]:
                return ["unet", f"down{level}", f"conv{int(conv) + 1}", *rest]
            case ["refiner", "up", level, *rest]:
                return ["unet", f"up{level}", *rest]
            case ["refiner", "head", *rest]:
                return ["unet", "conv", *rest]
        raise InputError(f"'{'.'.join(path)}' is no tensor of an assembled RIFE")

    return {name: ".".join(translate(path)) for name, path in paths.items()}


def teacher_names(ours: Iterable[str], *, prefix: str = TEACHERS[0]) -> dict[str, str]:
    """Name in one of our blocks -> the official name of the teacher's tensor.

    The teacher is a block like the others, with more inputs; ``prefix`` is one of TEACHERS.

    >>> teacher_names(["flow.blocks.0.up.bias", "flow.blocks.1.up.bias"])
    {'up.bias': 'block_tea.lastconv.bias'}
    """
    first = [name.split(".")[3:] for name in ours if name.startswith("flow.blocks.0.")]
    shuffled = any(path[-1] == "beta" for path in first)
    return {".".join(path): prefix + ".".join(_in_block(path, shuffled=shuffled)) for path in first}


def bare_name(name: str) -> str:
    """An official name without what wrappers put before it.

    >>> bare_name("module.flownet.block0.lastconv.bias")
    'block0.lastconv.bias'
    """
    while prefix := next((p for p in _WRAPPERS if name.startswith(p)), None):
        name = name.removeprefix(prefix)
    return name


def convert_keys(state: Mapping[str, Tensor], *, first_stride: Literal[1, 2] = 2) -> Converted:
    """Rename the tensors of an official RIFE (ECCV 2022) file; none is changed or copied.

    The file is ``flownet.pkl``. It was written by a data-parallel wrapper, so that every name there
    begins with ``module.``; names without it are understood as well. To read and check a file of
    any version, use :func:`lift15.rife.import_weights`.

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
    """
    names = dry_run(find_spec("rife-2r" if first_stride == 1 else "rife")).state_dict()
    ours = {official: name for name, official in official_names(names).items()}
    of_teacher = {official: name for name, official in teacher_names(names).items()}
    weights: dict[str, Tensor] = {}
    teacher: dict[str, Tensor] = {}
    unknown: list[str] = []
    for official, tensor in state.items():
        name = bare_name(official)
        if name in ours:
            weights[ours[name]] = tensor
        elif name in of_teacher:
            teacher[of_teacher[name]] = tensor
        else:
            unknown.append(official)
    return Converted(weights, teacher, tuple(unknown))


def _in_block(path: list[str], *, shuffled: bool) -> list[str]:
    layer, *rest = path
    return [_BLOCK_LAYERS[layer], *(["0"] if shuffled and layer == "up" else []), *rest]
