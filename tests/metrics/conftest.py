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
