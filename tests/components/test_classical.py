"""The weightless estimator on motion that is known."""

import numpy as np
import pytest
import torch

from vfiblocks import Upstream, build_model, interpolate
from vfiblocks.errors import AssemblyError
from vfiblocks.flows import Classical
from vfiblocks.flows.departure import believable_flow, departure
from vfiblocks.flows.sharp_warp import sharp_warp
from vfiblocks.flows.smoothing import fill_holes, gaussian
from vfiblocks.metrics import psnr
from vfiblocks.ops import backward_warp, visibility_weights

HEIGHT, WIDTH, RIM = 96, 128, 16


@pytest.fixture(scope="module")
def photo():
    data = pytest.importorskip("skimage.data")
    picture = data.astronaut()[60:300, 60:360].astype(np.float32) / 255
    return torch.from_numpy(picture).permute(2, 0, 1)


@pytest.fixture
def model():
    return build_model("classical").eval()


def view(photo, x, y):
    """The part of the photograph with its corner at (40 + x, 40 + y), fractions allowed."""
    flow = torch.tensor([40.0 + x, 40.0 + y]).view(2, 1, 1).expand(-1, *photo.shape[-2:])
    return backward_warp(photo, flow)[:, :HEIGHT, :WIDTH]


def inside(x):
    return x[..., RIM:-RIM, RIM:-RIM]


@pytest.mark.parametrize("motion", [(4.0, 2.0), (-6.5, 3.25), (2.5, -1.5), (0.0, 9.0)])
@pytest.mark.parametrize("time", [0.25, 0.5, 0.75])
def test_translation_is_found_at_any_time(model, photo, motion, time):
    dx, dy = motion
    left, right = view(photo, 0, 0), view(photo, dx, dy)
    truth = view(photo, time * dx, time * dy)
    out = model(torch.stack((left, right))[None], model.window_between(time))
    # The content moves by (-dx, -dy); the target pixel lies back along it in the left picture.
    to_left = torch.tensor([time * dx, time * dy]).view(2, 1, 1)
    to_right = torch.tensor([(time - 1) * dx, (time - 1) * dy]).view(2, 1, 1)
    for found, true in zip(out.motion.flow[0], (to_left, to_right), strict=True):
        error = (inside(found) - true).norm(dim=0).mean()
        assert error < 0.25, f"end-point error {error:.2f} px"
    blended = inside((1 - time) * left + time * right)
    gain = psnr(inside(out.image[0]), inside(truth)) - psnr(blended, inside(truth))
    assert gain > 6.0


def test_a_still_scene_stays_as_it_is(model, photo):
    still = view(photo, 0, 0)
    out = model(torch.stack((still, still))[None])
    assert out.motion.flow.abs().max() < 0.05
    assert torch.allclose(out.image[0], still, atol=0.5 / 255)


def test_what_only_one_reference_shows_comes_from_it(model, photo):
    """A square crosses a still background; what it covers, the other picture shows."""
    background = view(photo, 0, 0)
    square = view(photo, 60, 30)[:, :32, :32]

    def scene(x):
        picture = background.clone()
        picture[:, 32:64, x : x + 32] = square
        return picture

    left, right, truth = scene(30), scene(50), scene(40)
    out = model(torch.stack((left, right))[None])
    average = (left + right) / 2
    assert psnr(out.image[0], truth) > psnr(average, truth) + 3.0
    weights = visibility_weights(out.motion.logits)[0, :, 0]
    # Columns 30-40 are covered in the left picture and free in the right one; 72-82 the reverse.
    assert weights[1, 36:60, 32:38].mean() > weights[0, 36:60, 32:38].mean()
    assert weights[0, 36:60, 74:80].mean() > weights[1, 36:60, 74:80].mean()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 7), (11, 64), (13, 13), (16, 17), (33, 47)])
def test_any_size(model, size):
    left, right = torch.rand(3, *size), torch.rand(3, *size)
    image = interpolate(model, left, right)
    assert image.shape == left.shape
    assert image.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_answers_in_the_dtype_it_was_asked_in(photo, dtype):
    flow = Classical(Upstream("flow 'classical'"))
    pair = torch.stack((view(photo, 0, 0), view(photo, 3, 1)))[None]
    motion, exact = flow(pair.to(dtype), {}, None, 0.5), flow(pair, {}, None, 0.5)
    assert motion.flow.dtype == motion.logits.dtype == dtype
    error = (inside(motion.flow.float()) - inside(exact.flow)).norm(dim=2)
    assert error.median() < 0.1


def test_a_batch_is_its_members(model, photo):
    pairs = torch.stack([torch.stack((view(photo, 0, 0), view(photo, d, 2))) for d in (3, -5)])
    together = model(pairs).image
    apart = torch.cat([model(pair[None]).image for pair in pairs])
    assert torch.equal(together, apart)


def test_the_same_every_time_and_without_gradients(model, photo):
    pair = torch.stack((view(photo, 0, 0), view(photo, 3, 1)))[None].requires_grad_()
    first, second = model(pair), model(pair)
    assert torch.equal(first.image, second.image)
    assert not first.motion.flow.requires_grad


def test_options_are_checked():
    with pytest.raises(AssemblyError, match="one finest scale per patch stride"):
        Classical(Upstream("flow 'classical'"), patch_strides=(3, 2))
    with pytest.raises(AssemblyError, match="positive neighbourhood"):
        Classical(Upstream("flow 'classical'"), neighbourhood=0.0)


def test_blur_stays_within_the_range_and_flattens():
    x = torch.rand(1, 1, 20, 30)
    blurred = gaussian(x, 3.0)
    assert x.min() <= blurred.min()
    assert blurred.max() <= x.max()
    assert blurred.std() < x.std() / 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (17, 30)])
def test_holes_take_what_is_around_them(shape):
    values = torch.full((2, *shape), 4.0)
    coverage = (torch.rand(1, *shape) > 0.7).float()
    coverage[0, 0, 0] = 1.0
    assert torch.allclose(fill_holes(values * coverage, coverage), values, atol=1e-4)


def test_the_sharp_warp_copies_whole_pixels_and_keeps_detail_between(photo):
    whole = torch.tensor([3.0, -2.0]).view(1, 2, 1, 1).expand(1, 2, *photo.shape[-2:])
    assert torch.allclose(sharp_warp(photo, whole)[0], backward_warp(photo, whole[0]), atol=1e-4)
    half = torch.full_like(whole, 0.5)
    there_and_back = [warp(warp(photo, half)[0], -half)[0] for warp in (sharp_warp, _bilinear)]
    sharp, bilinear = (psnr(inside(x), inside(photo)) for x in there_and_back)
    assert sharp > bilinear + 3.0


def _bilinear(picture, flows):
    return backward_warp(picture[None], flows)


def test_departure_needs_a_flow_that_is_believed(photo):
    left, right = view(photo, 0, 0), view(photo, -3, 0)
    moves = torch.tensor([3.0, 0.0]).view(2, 1, 1).expand(2, HEIGHT, WIDTH)
    still = torch.zeros(1, 2, HEIGHT, WIDTH)
    believed = believable_flow(moves, -moves, left, right)
    assert inside(departure(believed, still, still)).median() > 2.5
    assert inside(departure(believed, still, moves[None])).max() == 0.0
    doubted = believable_flow(moves, moves, left, right)  # there and back ends six pixels away
    assert inside(departure(doubted, still, still)).max() < 0.1
