"""The maker of a video's frames that keeps features, against the one that does not."""

from fractions import Fraction

import pytest
import torch

from lift15.making import frame_maker
from lift15.streaming import StreamMaker
from vfiblocks import Window, build_model
from vfiblocks.video import Frame, gaps


def video(frames: int) -> list[Frame]:
    return [Frame(Fraction(i, 25), rgb=torch.rand(3, 30, 50)) for i in range(frames)]


@pytest.mark.parametrize("name", ["lift15-tiny", "rife", "rife-4.25", "classical"])
@pytest.mark.parametrize("factor", [2, 4])
@torch.inference_mode()
def test_frames_are_the_same(name: str, factor: int):
    model = build_model(name).eval()
    windows = [Window.even(2, 2, k / factor) for k in range(1, factor)]
    streamed, whole = StreamMaker(model), frame_maker(model)
    for gap in gaps(video(5), left=2, right=2):
        found, expected = list(streamed(gap, windows)), list(whole(gap, windows))
        assert len(found) == factor - 1
        for picture, wanted in zip(found, expected, strict=True):
            torch.testing.assert_close(picture, wanted, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_recursion_encodes_every_frame_once():
    model = build_model("rife").eval()
    encoded = 0

    def count(_: object, inputs: tuple[torch.Tensor, ...]) -> None:
        nonlocal encoded
        encoded += len(inputs[0])

    model.encoder.register_forward_pre_hook(count)
    maker = StreamMaker(model)
    windows = [Window.even(1, 1, k / 4) for k in range(1, 4)]
    for gap in gaps(video(4)):
        list(maker(gap, windows))
    # Of the three frames made in a gap, the first is a reference of the other two.
    assert encoded == 4 + 3


@torch.inference_mode()
def test_nothing_is_kept_of_gaps_gone_by():
    maker = StreamMaker(build_model("rife").eval())
    windows = [Window.even(1, 1, k / 4) for k in range(1, 4)]
    held = []
    for gap in gaps(video(6)):
        list(maker(gap, windows))
        held.append(maker.held_bytes)
    assert len(set(held)) == 1
