"""Networks that only measure: kept from training, and filled from files that are there already."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from vfiblocks.errors import CheckpointError

FILES = {
    "alexnet": "alexnet-owt-7be5be79.pth",
    "squeezenet1_1": "squeezenet1_1-b8a52dc0.pth",
    "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
}
"""torchvision's name of a network -> the file it publishes its ImageNet weights in."""

PUBLISHED = "https://download.pytorch.org/models/"

DAMAGE = (
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)
"""What ``torch.load`` raises on damaged files, depending on where the damage is."""


class Frozen:
    """A network that is called and never trained.

    It is no ``nn.Module``, so that a loss that holds one has no parameters to train, and no state
    to save. It stays in ``eval()``, computes in float32 under autocast as well, and follows its
    inputs to their device.

    Args:
        network: takes pictures and returns anything.

    Example:
        >>> frozen = Frozen(nn.Conv2d(3, 1, 1))
        >>> frozen(torch.rand(1, 3, 4, 6)).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval().float().requires_grad_(False)

    def __call__(self, *pictures: Tensor) -> Tensor | list[Tensor]:
        """The network's answer; a gradient goes through to the pictures."""
        device = pictures[0].device
        self.network.to(device)
        with torch.autocast(device.type, enabled=False):
            made: Tensor | list[Tensor] = self.network(*(x.float() for x in pictures))
        return made


def read_features(
    who: str, network: str, path: str | Path | None, wanted: Mapping[str, torch.Size]
) -> dict[str, Tensor]:
    """Convolutions of one of torchvision's networks, from a file; nothing is ever downloaded.

    Args:
        who: what asks, for messages.
        network: a key of :data:`FILES`.
        path: a file as torchvision publishes it, a ``state_dict``. None is the file of its usual
            name in torch's hub cache.
        wanted: the names of tensors there, "features.0.weight", and their shapes.

    Returns:
        The wanted tensors, float32, on the CPU.

    Raises:
        CheckpointError: the file is missing, damaged, unsafe, or holds another network.
    """
    name = FILES[network]
    file = Path(torch.hub.get_dir()) / "checkpoints" / name if path is None else Path(path)
    if not file.is_file():
        raise CheckpointError(
            f"{who} needs torchvision's weights of {network} and downloads nothing: there is no "
            f"file {file}; fetch {PUBLISHED}{name} and put it there, or name a copy with "
            "backbone=PATH"
        )
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(
            f"{who} cannot read {file}: it is no whole file of tensors ({reason}); fetch "
            f"{PUBLISHED}{name} again"
        ) from error
    if not isinstance(tensors, Mapping):
        tensors = {}
    for key, shape in wanted.items():
        found = tensors.get(key)
        if not isinstance(found, Tensor) or found.shape != shape:
            has = tuple(found.shape) if isinstance(found, Tensor) else "none"
            raise CheckpointError(
                f"{who} wants {file} to hold torchvision's {network}, with {key} of "
                f"{tuple(shape)}, but it has {has}; {name} is the file"
            )
    return {key: tensors[key].float() for key in wanted}
