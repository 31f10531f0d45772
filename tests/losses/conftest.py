"""Weights for the networks that measure: random ones, in files as torchvision publishes them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

ALEXNET = {
    0: (64, 3, 11, 11),
    3: (192, 64, 5, 5),
    6: (384, 192, 3, 3),
    8: (256, 384, 3, 3),
    10: (256, 256, 3, 3),
}
VGG19 = {
    place: (outputs, inputs, 3, 3)
    for place, inputs, outputs in zip(
        (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
        (3, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512, 512, 512),
        (64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512, 512, 512, 512),
        strict=True,
    )
}


def random_weights(shapes: dict[int, tuple[int, int, int, int]]) -> dict[str, Tensor]:
    """Convolutions that keep their inputs' scale, and a classifier that nobody reads."""
    generator = torch.Generator().manual_seed(5)
    made = {"classifier.1.weight": torch.zeros(10, 4)}
    for place, (outputs, inputs, height, width) in shapes.items():
        weight = torch.randn(outputs, inputs, height, width, generator=generator)
        made[f"features.{place}.weight"] = weight * (2 / (inputs * height * width)) ** 0.5
        made[f"features.{place}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return made


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """backbone("vgg19", 4): a file with the network's first four convolutions; all if not said."""
    folder = tmp_path_factory.mktemp("backbones")

    def path(network: str, convolutions: int | None = None) -> str:
        file: Path = folder / f"{network}-{convolutions}.pth"
        if not file.exists():
            shapes = {"alexnet": ALEXNET, "vgg19": VGG19}[network]
            places = list(shapes)[:convolutions]
            torch.save(random_weights({place: shapes[place] for place in places}), file)
        return str(file)

    return path
