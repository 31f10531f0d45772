"""What a stream refuses, and how it goes on afterwards."""

from typing import Any

import pytest
import torch

from vfiblocks import Interpolator, Stream, Window, build_model
from vfiblocks.errors import InputError
from vfiblocks.stream import KeyedStream


@pytest.fixture(scope="module")
def tiny() -> Interpolator:
    return build_model("lift15-tiny").eval()


def picture(key: int) -> torch.Tensor:
    return torch.rand(1, 3, 32, 32)


def test_a_model_in_training():
    with pytest.raises(InputError, match="the model is in training"):
        Stream(build_model("lift15-tiny"))


def test_options(tiny: Interpolator):
    with pytest.raises(InputError, match="one of 'all', 'promote', 'least', got 'some'"):
        Stream(tiny, keep="some")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs a frame on each side"):
        Stream(tiny, left=0)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (torch.rand(32, 32), r"a frame must be a tensor \(3, H, W\) or .*, got \(32, 32\)"),
        ([1, 2], "got list"),
        (torch.rand(4, 32, 32), r"after \(3, 32, 32\) came \(4, 32, 32\)"),
        (255 * torch.rand(3, 32, 32), "8-bit levels are divided by 255"),
        (torch.full((3, 32, 32), torch.nan), "frames must be finite"),
        (torch.rand(3, 32, 32).double(), "frames are torch.float64, but the model computes in"),
        (torch.zeros(3, 32, 32, dtype=torch.uint8), "frames must be floats"),
        (torch.rand(3, 32, 64), r"one shape, but after \(3, 32, 32\) came \(3, 32, 64\); end"),
    ],
)
def test_frames(tiny: Interpolator, frame: Any, message: str):
    stream = Stream(tiny, left=1, right=1)
    stream.push(torch.rand(3, 32, 32))
    with pytest.raises(InputError, match=message):
        stream.push(frame)
    stream.push(torch.rand(3, 32, 32))  # nothing happened
    assert len(stream.pull()) == 1


def test_the_first_frame(tiny: Interpolator):
    with pytest.raises(InputError, match=r"a frame must be \(B, 3, H, W\), got \(1, 4, 32, 32\)"):
        Stream(tiny).push(torch.rand(4, 32, 32))


def test_times_a_model_does_not_know():
    stream = Stream(build_model("rife").eval())
    for _ in range(2):
        stream.push(torch.rand(3, 32, 32))
    with pytest.raises(InputError, match=r"knows the midpoint only, but time 0\.25"):
        stream.pull((0.25,))
    with pytest.raises(InputError, match="strictly between 0 and 1"):
        stream.pull((1.0,))
    assert len(stream.pull()) == 1
    assert stream.pull() == []


def test_windows_that_do_not_fit(tiny: Interpolator):
    stream = KeyedStream(tiny)
    with pytest.raises(InputError, match="the window has 4 positions, but 3 frames came"):
        stream.between((1, 2, 3), [Window.even(2, 2)], picture=picture)
    with pytest.raises(InputError, match=r"two reference frames must exist, but .* 1 and None"):
        stream.between((1, None), [Window.even(1, 1)], picture=picture)


def test_frames_of_two_sizes_around_one_gap(tiny: Interpolator):
    stream = KeyedStream(tiny)

    def growing(key: int) -> torch.Tensor:
        return torch.rand(1, 3, 32, 32 * key)

    with pytest.raises(InputError, match=r"after \(1, 3, 32, 32\) came \(1, 3, 32, 64\)"):
        stream.between((1, 2), [Window.even(1, 1)], picture=growing)
    made = stream.between((3, 4), [Window.even(1, 1)], picture=picture)  # another clip
    assert next(made).image.shape == (1, 3, 32, 32)


def test_gaps_left_out_and_clips_too_short(tiny: Interpolator):
    stream = Stream(tiny, left=2, right=2)
    stream.end()
    stream.push(torch.rand(3, 32, 64))
    stream.end()  # a clip of one frame has no gap
    assert stream.ready == 0
    for _ in range(3):
        stream.push(torch.rand(3, 32, 32))
    stream.end()
    assert stream.ready == 2
    assert stream.pull(()) == []
    assert stream.ready == 1
    assert stream.pull()[0].shape == (3, 32, 32)
