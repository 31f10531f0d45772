"""The ImageNet weights that perceptual distances stand on, found on this machine.

Nothing is downloaded and nothing is put in their place: a distance measured with other weights is
another distance.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from vfiblocks.errors import CheckpointError, InputError

Backbone: TypeAlias = Literal["alex", "squeeze", "vgg"]

# Torchvision's files, the present one first. The eight digits are the start of the SHA-256.
PUBLISHED: dict[str, tuple[str, ...]] = {
    "alex": ("alexnet-owt-7be5be79.pth", "alexnet-owt-4df8aa71.pth"),
    "squeeze": ("squeezenet1_1-b8a52dc0.pth", "squeezenet1_1-f364aa15.pth"),
    "vgg": ("vgg16-397923af.pth",),
}
SOURCE = "https://download.pytorch.org/models"


@dataclass(frozen=True)
class BackboneWeights:
    """Convolutions of an ImageNet classifier.

    Attributes:
        tensors: by torchvision's names, those that start with "features.".
        path: the file they were read from.
        sha256: of that file.
        published: whether it is one of torchvision's own, by its hash.
    """

    tensors: dict[str, Tensor]
    path: Path
    sha256: str
    published: bool

    def __str__(self) -> str:
        kind = "torchvision's" if self.published else "other weights"
        return f"{self.path.name} ({kind}, sha256 {self.sha256[:8]})"


def load_backbone(name: Backbone, path: str | Path | None = None) -> BackboneWeights:
    """Read a backbone's weights from a file on this machine.

    Args:
        name: "alex" is AlexNet, "squeeze" SqueezeNet 1.1, "vgg" VGG-16.
        path: a state dict with torchvision's names. None looks into the cache of ``torch.hub``,
            where torchvision puts what it downloads, and takes nothing but its own file. A file
            named here may hold other weights; then ``published`` is False.

    Raises:
        InputError: no backbone has that name.
        CheckpointError: there is no file, it cannot be read safely, it is not the one that its
            place says, or it holds no convolutions.

    Example:
        >>> load_backbone("vgg", "/nowhere/vgg16.pth")
        Traceback (most recent call last):
        ...
        vfiblocks.errors.CheckpointError: no weights of backbone 'vgg' at /nowhere/vgg16.pth; ...
    """
    if name not in PUBLISHED:
        raise InputError(
            f"unknown backbone {name!r}; perceptual distances know {', '.join(get_args(Backbone))}"
        )
    file = _cached(name) if path is None else Path(path)
    if not file.is_file():
        raise CheckpointError(f"no weights of backbone '{name}' at {file}; {_remedy(name)}")
    digest = _sha256(file)
    published = any(f"-{digest[:8]}." in known for known in PUBLISHED[name])
    if path is None and not published:
        raise CheckpointError(
            f"{file} does not hold what its name says (sha256 {digest[:8]}...), as after a broken "
            f"download; delete it; {_remedy(name)}"
        )
    return BackboneWeights(_features(file), file, digest, published)


def _cached(name: str) -> Path:
    """Where torch.hub keeps the file, whether it is there or not."""
    folder = Path(torch.hub.get_dir(), "checkpoints")
    places = [folder / file for file in PUBLISHED[name]]
    return next((place for place in places if place.is_file()), places[0])


def _remedy(name: str) -> str:
    file = PUBLISHED[name][0]
    return (
        f"nothing is downloaded here: fetch {SOURCE}/{file} once, and put it there or give its path"
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _features(file: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{file} cannot be read as tensors alone ({type(error).__name__}); a state dict saved "
            "with torch.save is wanted"
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{file} holds a {type(state).__name__}, wanted is a state dict")
    found = {
        key: value
        for key, value in state.items()
        if isinstance(key, str) and key.startswith("features.") and isinstance(value, Tensor)
    }
    if not found:
        raise CheckpointError(
            f"{file} holds no tensor named 'features.*', as torchvision's classifiers do; "
            f"it has {', '.join(map(str, list(state)[:3])) or 'nothing'}"
        )
    return found
