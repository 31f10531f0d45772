import math

import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.metrics import luma, psnr, psnr_y


def test_agrees_with_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    a, b = torch.rand(3, 20, 30, dtype=torch.float64), torch.rand(3, 20, 30, dtype=torch.float64)
    want = metrics.peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1.0)
    assert float(psnr(a, b, rounded=False)) == pytest.approx(want, abs=1e-10)


def test_rounded_it_is_what_scikit_image_says_of_saved_pictures(pictures):
    metrics = pytest.importorskip("skimage.metrics")
    image, target = pictures(3, 40, 50)
    saved, truth = ((x * 255).round().byte().numpy() for x in (image, target))
    want = metrics.peak_signal_noise_ratio(truth, saved, data_range=255)
    assert float(psnr(image, target)) == pytest.approx(want, abs=1e-9)


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


def test_the_epsilon_of_the_official_codes():
    """CAIN, FLAVR and ST-MFNet: -10 log10(MSE + 1e-8)."""
    same = torch.rand(3, 8, 8).mul(255).round() / 255
    assert float(psnr(same, same, epsilon=1e-8)) == pytest.approx(80, abs=1e-4)
    off = torch.full((3, 8, 8), 0.5, dtype=torch.float64)
    found = psnr(off + 10**-2.5, off, rounded=False, epsilon=1e-8)
    assert float(found) == pytest.approx(-10 * math.log10(1e-5 + 1e-8), abs=1e-9)


def test_a_mask_leaves_pixels_out_whatever_they_hold():
    target = torch.full((2, 3, 4, 6), 0.5)
    image = target.clone()
    image[..., 3:] = torch.nan
    image[..., :3] += 0.1
    mask = torch.zeros(2, 1, 4, 6, dtype=torch.bool)
    mask[0, :, :, :3] = True
    first, second = psnr(image, target, rounded=False, mask=mask)
    assert float(first) == pytest.approx(20, abs=1e-4)
    assert second.isnan()  # nothing counts
    assert psnr(image, target).isnan().all()


def test_halves_are_measured_in_full_precision(pictures):
    image, target = (x.bfloat16() for x in pictures(3, 32, 32))
    found = psnr(image, target)
    assert found.dtype == torch.float32
    assert found == psnr(image.float(), target.float())


def test_luma_is_the_y_of_scikit_image(pictures):
    color = pytest.importorskip("skimage.color")
    image, _ = pictures(3, 8, 9)
    want = color.rgb2yuv(image.movedim(0, -1).numpy())[..., 0]
    torch.testing.assert_close(luma(image)[0], torch.from_numpy(want))
    studio = color.rgb2ycbcr(image.movedim(0, -1).numpy())[..., 0]
    torch.testing.assert_close(
        219 * luma(image)[0] + 16, torch.from_numpy(studio), rtol=0, atol=2e-3
    )


def test_psnr_y_is_what_rife_prints_for_hd(pictures):
    """Round, to luma, then 20 log10(255 / rms) of its difference in levels."""
    color = pytest.importorskip("skimage.color")
    image, target = pictures(3, 40, 50)
    saved, truth = ((x * 255).round().byte().movedim(0, -1).numpy() for x in (image, target))
    difference = 255 * (color.rgb2yuv(truth / 255.0) - color.rgb2yuv(saved / 255.0))[..., 0]
    want = 20 * math.log10(255 / math.sqrt((difference**2).mean()))
    assert float(psnr_y(image, target)) == pytest.approx(want, abs=1e-9)
    assert float(psnr_y(image, target) - psnr(image, target)) > 2  # colours cancel


def test_luma_standards():
    white, green = torch.ones(3, 1, 1), torch.tensor([0.0, 1.0, 0.0]).view(3, 1, 1)
    for standard, share in ((601, 0.587), (709, 0.7152)):
        assert float(luma(white, standard=standard)) == pytest.approx(1)
        assert float(luma(green, standard=standard)) == pytest.approx(share)
    with pytest.raises(InputError, match=r"BT\.601 and BT\.709, got 2020"):
        luma(white, standard=2020)
    with pytest.raises(InputError, match=r"\(\.\.\., 3, H, W\), got \(1, 4, 4\)"):
        luma(torch.zeros(1, 4, 4))


@pytest.mark.parametrize(
    ("prediction", "target", "said"),
    [
        (torch.rand(3, 4, 4), torch.rand(3, 4, 5), r"one shape .* got \(3, 4, 4\) and \(3, 4, 5\)"),
        (torch.rand(4, 4), torch.rand(4, 4), "one shape"),
        (torch.rand(0, 3, 4, 4), torch.rand(0, 3, 4, 4), "one shape"),
        (torch.zeros(3, 4, 4).byte(), torch.zeros(3, 4, 4).byte(), r"uint8; divide 8-bit levels"),
        (torch.rand(3, 4, 4), 255 * torch.rand(3, 4, 4), r"target in \[0, 1\], got values from"),
        (torch.rand(3, 4, 4), torch.full((3, 4, 4), torch.nan), "got values from nan to nan"),
    ],
)
def test_what_does_not_fit_is_refused(prediction, target, said):
    with pytest.raises(InputError, match=said):
        psnr(prediction, target)


def test_a_mask_of_another_shape_or_type_is_refused():
    image = torch.rand(2, 3, 4, 4)
    with pytest.raises(InputError, match=r"\(2, 1, 4, 4\) torch\.bool, got \(2, 4, 4\) torch\.boo"):
        psnr(image, image, mask=torch.ones(2, 4, 4, dtype=torch.bool))
    with pytest.raises(InputError, match=r"torch\.bool, got \(2, 1, 4, 4\) torch\.float32"):
        psnr(image, image, mask=torch.ones(2, 1, 4, 4))
