"""The weightless estimator on paths that bend, which four frames tell and two do not."""

import numpy as np
import pytest
import torch

from vfiblocks import Upstream, Window, build_model
from vfiblocks.aggregators import Neighbours
from vfiblocks.errors import AssemblyError
from vfiblocks.metrics import psnr
from vfiblocks.ops import backward_warp

HEIGHT, WIDTH, RIM = 96, 128, 20
HOLE, EVEN = Window.hole(5, 2), Window.even(2, 2)
VELOCITY, ACCELERATION = torch.tensor([2.0, 1.0]), torch.tensor([4.0, -2.0])  # pixels, per gap


@pytest.fixture(scope="module")
def photo():
    data = pytest.importorskip("skimage.data")
    picture = data.astronaut()[60:300, 60:360].astype(np.float32) / 255
    return torch.from_numpy(picture).permute(2, 0, 1)


@pytest.fixture(scope="module")
def model():
    return build_model("classical-quadratic").eval()


@pytest.fixture(scope="module")
def straight():
    return build_model("classical").eval()


def place(when):
    """Where the camera is; 0 is the left reference, 1 the right one."""
    return when * VELOCITY + when**2 / 2 * ACCELERATION


def view(photo, when):
    flow = (place(when) + 50).view(2, 1, 1).expand(-1, *photo.shape[-2:])
    return backward_warp(photo, flow)[:, :HEIGHT, :WIDTH]


def clip(photo, window):
    left, right = (window.positions[i] for i in window.references)
    return torch.stack([view(photo, (p - left) / (right - left)) for p in window.positions])[None]


def inside(x):
    return x[..., RIM:-RIM, RIM:-RIM]


@pytest.mark.parametrize("window", [HOLE, EVEN], ids=["hole", "even"])
def test_a_bent_path_is_found(model, straight, photo, window):
    frames, truth = clip(photo, window), inside(view(photo, 0.5))
    out = model(frames, window)
    for k, reference in enumerate((0.0, 1.0)):
        true = (place(0.5) - place(reference)).view(2, 1, 1)
        error = (inside(out.motion.flow[0, k]) - true).norm(dim=0).mean()
        assert error < 0.25, f"end-point error {error:.2f} px"
    two = straight(frames[:, list(window.references)]).image[0]
    assert psnr(inside(out.image[0]), truth) > psnr(inside(two), truth) + 3


@pytest.mark.parametrize("missing", [[0], [3], [0, 3]])
def test_without_a_frame_on_either_side_it_is_classical(model, straight, photo, missing):
    frames, valid = clip(photo, EVEN), torch.ones(1, 4, dtype=torch.bool)
    valid[0, missing] = False
    frames[:, missing] = torch.nan
    two = straight(frames[:, 1:3])
    assert torch.equal(model(frames, EVEN, valid).image, two.image)
    assert torch.equal(model(frames[:, 1:3], Window.even(1, 1)).image, two.image)


def test_frames_from_far_away_are_not_believed(model, straight, photo):
    far = Window((0.0, 7.0, 8.0, 15.0), target=7.5)
    frames = clip(photo, EVEN)
    assert torch.equal(model(frames, far).image, straight(frames[:, 1:3]).image)


def test_a_shot_that_ends_does_not_bend_the_path(model, straight, photo):
    """A neighbour that shows something else agrees with nothing."""
    frames = clip(photo, EVEN)
    frames[:, 3] = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    truth = inside(view(photo, 0.5))
    two = psnr(inside(straight(frames[:, 1:3]).image[0]), truth)
    assert psnr(inside(model(frames, EVEN).image[0]), truth) > two - 1


def test_neighbours_are_the_nearest_that_exist():
    aggregator = Neighbours(Upstream("aggregator", encoder="pixels", taps={1: 3}))
    window, valid = Window.hole(7, 3), torch.tensor([[True] * 6, [True, False, *[True] * 4]])
    frames = torch.arange(6.0).view(1, 6, 1, 1, 1).expand(2, 6, 3, 4, 5)
    context = aggregator(frames, window, valid)
    assert context.features[:, [0, 3, 4, 7], 2, 2].tolist() == [[1, -0.5, 4, 1.5], [0, -1, 4, 1.5]]
    assert context.weights[0].tolist() == [0, 0.25, 0.25, 0.25, 0.25, 0]
    assert context.weights[1].tolist() == [0.25, 0, 0.25, 0.25, 0.25, 0]


def test_it_says_what_it_reads():
    with pytest.raises(AssemblyError, match="set encoder='pixels' and aggregator='neighbours'"):
        build_model("classical-quadratic", encoder=None, aggregator=None)
