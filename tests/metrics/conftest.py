"""Backbones with random weights: no pretrained ones are downloaded for a test."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def random_backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes the file of a backbone with torchvision's names and random weights."""
    models = pytest.importorskip("torchvision").models
    makers = {"alex": models.alexnet, "squeeze": models.squeezenet1_1, "vgg": models.vgg16}
    folder = tmp_path_factory.mktemp("backbones")

    def make(name: str) -> Path:
        path = folder / f"{name}.pth"
        if not path.exists():
            with torch.device("meta"):  # the classifiers on top would cost seconds
                shapes = makers[name](weights=None).features.state_dict(prefix="features.")
            generator = torch.Generator().manual_seed(len(name))
            torch.save(
                {
                    key: torch.randn(value.shape, generator=generator)
                    / max(value[0].numel(), 1) ** 0.5
                    for key, value in shapes.items()
                },
                path,
            )
        return path

    return make


@pytest.fixture
def pictures() -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """A smooth coloured picture of 8-bit levels and a prediction that is off by a little."""

    def make(*shape: int, seed: int = 0, noise: float = 0.03) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed)
        height, width = shape[-2:]
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        phase = 6.28 * torch.rand(*shape[:-2], 1, 1, generator=generator)
        waves = 0.5 + 0.25 * torch.sin(x / 5 + phase) + 0.2 * torch.cos(y / 7 - 2 * phase)
        target = (waves * 255).round().double() / 255
        off = noise * torch.randn(*shape, generator=generator, dtype=torch.float64)
        return (target + off).clamp(0, 1), target

    return make
