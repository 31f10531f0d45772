"""Streams in half the precision, and on a GPU."""

import pytest
import torch
from torch import Tensor

from vfiblocks import Interpolator, Stream, build_model, optimize
from vfiblocks.ops import resize
from vfiblocks.stream import KeyedStream
from vfiblocks.stream.transfer import upload


def video(frames: int) -> Tensor:
    """Smooth pictures: bfloat16 rounds noise as coarsely, but moves it no further."""
    return resize(torch.rand(frames, 1, 3, 6, 8), (33, 47))


def difference(model: Interpolator, **options: torch.dtype) -> float:
    clip = video(5)
    expected = Stream(model, left=2, right=2).run(clip)
    found = Stream(model, left=2, right=2, **options).run(clip)
    pairs = list(zip(found, expected, strict=True))
    assert all(picture.dtype == torch.float32 for picture, _ in pairs)
    return max(float((picture - wanted).abs().max()) for picture, wanted in pairs)


@pytest.mark.parametrize("name", ["lift15-tiny", "rife", "rife-4.25", "classical"])
@pytest.mark.parametrize("optimized", [False, True])
def test_bfloat16_by_autocast(name: str, optimized: bool):
    model = build_model(name).eval()
    model = optimize(model) if optimized else model
    assert difference(model, autocast=torch.bfloat16) < 0.03


def test_flow_is_added_up_in_float32():
    model = build_model("lift15-tiny").eval()
    stream, clip = KeyedStream(model, autocast=torch.bfloat16), video(2)
    window = model.window_between(left=1, right=1)
    (made,) = stream.between((0, 1), [window], picture=clip.__getitem__)
    assert made.motion.flow.dtype == torch.float32
    assert made.motion.coarser[0].flow.dtype == torch.float32
    assert made.context.features.dtype == torch.bfloat16  # so it was in effect


def test_autocast_ends_with_the_call():
    stream = Stream(build_model("lift15-tiny").eval(), autocast=torch.bfloat16)
    for frame in video(2):
        stream.push(frame)
    stream.end()
    stream.pull()
    assert not torch.is_autocast_enabled("cpu")
    assert torch.is_grad_enabled()


def test_upload_copies():
    frame = torch.rand(2, 3, 4, 6)
    for device in (None, torch.device("cpu")):
        copy = upload(frame.transpose(0, 1), device)
        assert torch.equal(copy, frame.transpose(0, 1))
        assert copy.is_contiguous()
        assert copy.data_ptr() != frame.data_ptr()


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["lift15-tiny", "rife", "rife-4.25"])
def test_a_gpu_makes_the_same_pictures(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    model, clip = build_model(name).eval(), video(6)
    expected = list(Stream(model, left=2, right=2).run(clip))
    found = list(Stream(model.cuda(), left=2, right=2).run(clip))  # uploaded from pinned memory
    for picture, wanted in zip(found, expected, strict=True):
        assert picture.is_cuda
        torch.testing.assert_close(picture.cpu(), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_on_a_gpu(dtype: torch.dtype):
    assert difference(build_model("lift15-tiny").cuda().eval(), autocast=dtype) < 0.03
