"""Every flavour of SSIM against the library that defines it."""

import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.metrics import ssim, ssim_uniform


def channels_last(x: torch.Tensor):
    return x.movedim(-3, -1).numpy()


@pytest.mark.parametrize("size", [(40, 50), (11, 11), (23, 12)])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.5])
def test_it_is_scikit_images_gaussian_one(pictures, size, noise):
    metrics = pytest.importorskip("skimage.metrics")
    image, target = pictures(3, *size, noise=noise)
    want = metrics.structural_similarity(
        channels_last(target),
        channels_last(image),
        channel_axis=-1,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert float(ssim(image, target, rounded=False)) == pytest.approx(want, abs=1e-10)
    single = float(ssim(image.float(), target.float(), rounded=False))
    assert single == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize("sample_covariance", [True, False])
@pytest.mark.parametrize("size", [(40, 50), (7, 7)])
def test_it_is_scikit_images_default(pictures, size, sample_covariance):
    metrics = pytest.importorskip("skimage.metrics")
    image, target = pictures(3, *size)
    want = metrics.structural_similarity(
        channels_last(target),
        channels_last(image),
        channel_axis=-1,
        data_range=1.0,
        use_sample_covariance=sample_covariance,
    )
    found = ssim_uniform(image, target, rounded=False, sample_covariance=sample_covariance)
    assert float(found) == pytest.approx(want, abs=1e-10)
    single = ssim_uniform(
        image.float(), target.float(), rounded=False, sample_covariance=sample_covariance
    )
    assert float(single) == pytest.approx(want, abs=1e-6)


def test_mirrored_it_is_torchmetrics(pictures):
    image_metrics = pytest.importorskip("torchmetrics.functional.image")
    image, target = pictures(2, 3, 40, 50)
    theirs = image_metrics.structural_similarity_index_measure
    want = theirs(image, target, data_range=1.0, reduction="none")
    torch.testing.assert_close(ssim(image, target, rounded=False, border="mirror"), want)
    want = theirs(
        image, target, data_range=1.0, gaussian_kernel=False, kernel_size=7, reduction="none"
    )
    found = ssim_uniform(image, target, rounded=False, border="mirror", sample_covariance=False)
    torch.testing.assert_close(found, want)


def test_rounded_it_is_that_of_saved_pictures(pictures):
    metrics = pytest.importorskip("skimage.metrics")
    image, target = pictures(3, 40, 50)
    saved, truth = (channels_last((x * 255).round().byte()) for x in (image, target))
    want = metrics.structural_similarity(truth, saved, channel_axis=-1, data_range=255)
    assert float(ssim_uniform(image, target)) == pytest.approx(want, abs=1e-10)


@pytest.mark.parametrize("measure", [ssim, ssim_uniform])
def test_it_is_one_for_equal_pictures_symmetric_and_per_picture(pictures, measure):
    image, target = pictures(2, 4, 3, 30, 20)
    assert measure(target, target) == pytest.approx(torch.ones(2, 4))
    found = measure(image, target, rounded=False)
    assert found.shape == (2, 4)
    torch.testing.assert_close(found, measure(target, image, rounded=False))
    torch.testing.assert_close(found[1, 2], measure(image[1, 2], target[1, 2], rounded=False))
    turned = measure(image.mT, target.mT, rounded=False)
    torch.testing.assert_close(turned, found)


def test_autocast_changes_nothing(pictures):
    image, target = (x.float() for x in pictures(1, 3, 30, 20))
    with torch.autocast("cpu", torch.bfloat16):
        found = ssim(image, target)
    assert found == ssim(image, target)


def test_small_pictures_and_unknown_borders_are_refused():
    small = torch.rand(3, 10, 20)
    with pytest.raises(InputError, match=r"'crop' wants pictures of at least 11 .* got 10x20"):
        ssim(small, small)
    assert ssim(small, small, border="mirror") > 0
    tiny = torch.rand(3, 5, 20)
    with pytest.raises(InputError, match=r"'mirror' wants pictures of at least 6 .* got 5x20"):
        ssim(tiny, tiny, border="mirror")
    with pytest.raises(InputError, match="'crop' or 'mirror', got 'zeros'"):
        ssim(small, small, border="zeros")
