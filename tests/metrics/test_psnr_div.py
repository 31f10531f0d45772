import pytest
import torch

from vfiblocks import METRICS
from vfiblocks.errors import InputError
from vfiblocks.metrics import divergence, farneback, luma, psnr, psnr_div


def grid(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float64),
        torch.arange(width, dtype=torch.float64),
        indexing="ij",
    )
    return y, x


def test_divergence_is_zoom_and_neither_shift_nor_turn_nor_shear():
    y, x = grid(12, 17)
    zero = torch.zeros_like(x)
    for flow, want in (
        ((0.1 * x, 0.1 * y), 0.2),
        ((zero + 3, zero - 2), 0.0),
        ((-0.3 * y, 0.3 * x), 0.0),
        ((0.3 * y, 0.3 * x), 0.0),  # du/dy + dv/dx of it is 0.6
        ((0.25 * x, zero), 0.25),
    ):
        found = divergence(torch.stack(flow))
        torch.testing.assert_close(found, torch.full((1, 12, 17), want, dtype=torch.float64))


def test_only_where_motion_tears_counts():
    """An object slides to the right: it piles up on one side and tears on the other."""
    flow = torch.zeros(1, 2, 12, 30)
    flow[:, 0, :, 10:20] = 5.0
    target = torch.full((1, 3, 12, 30), 0.5)
    image = target.clone()
    image[..., 14:16] += 0.3  # inside, where nothing diverges
    assert psnr_div(image, target, flow, rounded=False) == float("inf")
    image[..., 9:11] += 0.1
    image[..., 19:21] += 0.1
    assert float(psnr_div(image, target, flow, rounded=False)) == pytest.approx(20, abs=1e-4)
    twice = psnr_div(image, target, 2 * flow, rounded=False)
    assert twice == psnr_div(image, target, flow, rounded=False)  # of the largest, whatever it is


def test_all_of_a_zooming_picture_counts(pictures):
    image, target = pictures(1, 3, 20, 22)
    y, x = grid(20, 22)
    found = psnr_div(image, target, 0.1 * torch.stack((x, y))[None])
    whole = psnr(luma(image, standard=709), luma(target, standard=709), rounded=False)
    assert abs(float(found - whole)) < 0.1  # rounding of colours alone


def test_farneback_sees_a_pan():
    """The textured picture moves to the right by two pixels: so does what is seen."""
    wide = torch.nn.functional.avg_pool2d(torch.rand(3, 68, 104), 5, stride=1)
    frames = torch.stack((wide[..., 2:], wide[..., :-2]))
    flow = farneback(frames)
    assert flow.shape == (1, 2, 64, 98)
    middle = flow[0, :, 20:44, 30:70].mean(dim=(-2, -1))
    torch.testing.assert_close(middle, torch.tensor([2.0, 0.0]), rtol=0, atol=0.2)


def test_the_metric_is_the_mean_over_frames_that_have_a_value(pictures):
    image, target = (x.float() for x in pictures(2, 3, 3, 40, 44))
    metric = METRICS.get("psnr-div")()
    found = metric(image, target)
    want = psnr_div(image[0, :2], target[0, :2], farneback(image[0])).mean()
    assert float(found[0]) == pytest.approx(float(want))
    image[0, 0] = target[0, 0]  # a true frame has no error
    only = psnr_div(image[0, 1], target[0, 1], farneback(image[0])[1])
    assert float(metric(image, target)[0]) == pytest.approx(float(only))
    still = torch.full((1, 3, 3, 40, 44), 0.5)
    assert metric(still, still).isnan().all()


def test_what_does_not_fit_is_refused():
    image = torch.rand(1, 3, 8, 8)
    with pytest.raises(InputError, match=r"flow \(\.\.\., 2, H, W\) for pictures \(1, 3, 8, 8\)"):
        psnr_div(image, image, torch.zeros(1, 2, 8, 9))
    with pytest.raises(InputError, match="two pixels a side or more"):
        divergence(torch.zeros(2, 1, 8))
    with pytest.raises(InputError, match=r"sequences .* two frames or more, got \(1, 1, 3, 8, 8\)"):
        METRICS.get("psnr-div")()(image[None], image[None])
