import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.metrics import psnr


def test_agrees_with_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    a, b = torch.rand(3, 20, 30, dtype=torch.float64), torch.rand(3, 20, 30, dtype=torch.float64)
    want = metrics.peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1.0)
    assert float(psnr(a, b, rounded=False)) == pytest.approx(want, abs=1e-10)


def test_rounding_is_that_of_a_saved_picture():
    target = torch.full((3, 4, 4), 100 / 255)
    assert psnr(target + 0.4 / 255, target) == float("inf")
    assert float(psnr(target + 0.4 / 255, target, rounded=False)) < 60


def test_one_value_per_picture():
    a, b = torch.rand(2, 5, 3, 8, 8), torch.rand(2, 5, 3, 8, 8)
    values = psnr(a, b)
    assert values.shape == (2, 5)
    assert torch.allclose(values[1, 3], psnr(a[1, 3], b[1, 3]))


def test_predictions_are_clamped():
    assert psnr(torch.full((3, 2, 2), 1.7), torch.ones(3, 2, 2)) == float("inf")


def test_shapes_must_agree():
    with pytest.raises(InputError, match="shape"):
        psnr(torch.rand(3, 4, 4), torch.rand(3, 4, 5))
