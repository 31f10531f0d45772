"""The ImageNet weights that perceptual distances stand on, read from files that are there already.

Nothing is downloaded, and nothing is put in their place: a distance measured with other weights is
another distance.
"""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

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


@dataclass(frozen=True)
class WeightsFile:
    """Which file a network was filled from.

    Attributes:
        path: of the file.
        sha256: of its bytes.
        published: whether they are those that torchvision publishes, by the start of the hash,
            which it writes into the name.
    """

    path: Path
    sha256: str
    published: bool

    def __str__(self) -> str:
        kind = "torchvision's" if self.published else "other weights"
        return f"{self.path.name} ({kind}, sha256 {self.sha256[:8]})"


def weights_file(network: str, path: str | Path | None = None) -> Path:
    """Where a network's weights are looked for: at a path, or in torch's hub cache.

    Args:
        network: a key of :data:`FILES`.
        path: None is the file of its usual name in the cache.
    """
    if path is not None:
        return Path(path)
    return Path(torch.hub.get_dir()) / "checkpoints" / FILES[network]


def identify(network: str, file: Path) -> WeightsFile:
    """Say which weights a file holds, by its hash; for a table of scores to carry along.

    Raises:
        CheckpointError: the file cannot be read.
    """
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}") from error
    return WeightsFile(file, digest, FILES[network].endswith(f"-{digest[:8]}.pth"))


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
    file = weights_file(network, path)
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
