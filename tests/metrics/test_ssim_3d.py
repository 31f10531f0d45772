"""The separable route against the 3-D convolution that the papers' code makes.

The live comparison needs a checkout of https://github.com/hzwer/ECCV2022-RIFE, whose path goes into
$VFI_RIFE_REPO; it passed with commit 5d8adbdd40e12c2c8f91930eff838aebe561c086.
"""

import importlib
import math
import os
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.metrics import ssim, ssim_3d


def direct(image: Tensor, target: Tensor, *, span: float = 1.0) -> Tensor:
    """The definition: one conv3d over (colour, row, column), replicated by 5 on every side."""
    bell = torch.tensor(
        [math.exp(-((k - 5) ** 2) / (2 * 1.5**2)) for k in range(11)], dtype=torch.float64
    )
    bell = bell / bell.sum()
    window = torch.einsum("i,j,k->ijk", bell, bell, bell)[None, None]

    def mean(x: Tensor) -> Tensor:
        return F.conv3d(F.pad(x[:, None], (5,) * 6, mode="replicate"), window)[:, 0]

    a, b = mean(image), mean(target)
    var_a, var_b = mean(image * image) - a * a, mean(target * target) - b * b
    both = mean(image * target) - a * b
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    index = ((2 * a * b + c1) * (2 * both + c2)) / ((a * a + b * b + c1) * (var_a + var_b + c2))
    return index.mean(dim=(1, 2, 3))


@pytest.mark.parametrize("size", [(30, 41), (11, 11)])
@pytest.mark.parametrize("noise", [0.02, 0.5])
def test_it_is_the_direct_convolution(pictures, size, noise):
    image, target = pictures(2, 3, *size, noise=noise)
    want = direct(image, target)
    torch.testing.assert_close(ssim_3d(image, target, rounded=False), want, rtol=0, atol=1e-12)
    single = ssim_3d(image.float(), target.float(), rounded=False)
    torch.testing.assert_close(single.double(), want, rtol=0, atol=1e-6)


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch):
    """RIFE's own measure; it works in float32."""
    folder = os.environ.get("VFI_RIFE_REPO", "")
    if not (Path(folder) / "model" / "pytorch_msssim" / "__init__.py").is_file():
        pytest.skip("set VFI_RIFE_REPO to a checkout of hzwer/ECCV2022-RIFE to compare live")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("model.pytorch_msssim").ssim_matlab
    for name in set(sys.modules) - before:  # their package is called just `model`
        if name.split(".")[0] == "model":
            del sys.modules[name]


@pytest.mark.filterwarnings("ignore:To copy construct from a tensor")
@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_it_is_what_rife_prints(official, pictures, noise):
    """The benchmarks round the prediction themselves and pass it on in [0, 1]."""
    image, target = (x.float() for x in pictures(1, 3, 64, 80, noise=noise))
    want = float(official((image * 255).round() / 255, target))
    assert float(ssim_3d(image, target)) == pytest.approx(want, abs=3e-6)


def test_levels_score_as_fractions_do(pictures):
    """CAIN and ST-MFNet pass 0 to 255 and say so; nothing comes of it but rounding."""
    image, target = pictures(1, 3, 24, 25)
    want = direct((image * 255).round(), target * 255, span=255.0)
    torch.testing.assert_close(ssim_3d(image, target), want, rtol=0, atol=1e-12)


def test_it_is_another_measure_than_ssim(pictures):
    image, target = pictures(1, 3, 32, 32)
    assert float(ssim_3d(image, target) - ssim(image, target)) > 0.02


def test_one_value_per_picture_and_one_for_equal_ones(pictures):
    image, target = pictures(2, 2, 3, 20, 20)
    found = ssim_3d(image, target)
    assert found.shape == (2, 2)
    assert found[1, 0] == ssim_3d(image[1, 0], target[1, 0])
    assert ssim_3d(target, target) == pytest.approx(torch.ones(2, 2))


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match=r"at least 11 pixels a side, got 10x40"):
        ssim_3d(torch.rand(3, 10, 40), torch.rand(3, 10, 40))
    with pytest.raises(InputError, match=r"3 channels .* got \(1, 20, 20\)"):
        ssim_3d(torch.rand(1, 20, 20), torch.rand(1, 20, 20))
