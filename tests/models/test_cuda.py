"""The same pictures on a GPU, where frames are encoded in one batch instead of one by one."""

import pytest
import torch

from vfiblocks import Window, build_model

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("name", ["lift15-tiny", "lift15-s1", "rife", "rife-m"])
@torch.no_grad()
def test_cuda_agrees_with_cpu(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    model = build_model(name).eval()
    frames = torch.rand(2, len(model.window), 3, 65, 94)
    valid = torch.ones(2, len(model.window), dtype=torch.bool)
    valid[1, 0] = len(model.window) == 2  # a frame is missing wherever there are any to spare
    expected = model(frames, valid=valid)
    found = model.cuda()(frames.cuda(), valid=valid.cuda())
    torch.testing.assert_close(found.image.cpu(), expected.image, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(found.motion.flow.cpu(), expected.motion.flow, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["lift15-s1", "rife"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_trains(name: str, dtype: torch.dtype):
    model = build_model(name).cuda().train()
    window = Window.even(2, 2)
    with torch.autocast("cuda", dtype=dtype):
        image = model(torch.rand(1, 4, 3, 64, 96, device="cuda"), window).image
    image.float().mean().backward()
    assert image.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters())


@torch.no_grad()
def test_frames_are_encoded_in_two_passes():
    """References with all taps, the others with the deepest one."""
    model = build_model("lift15-tiny").cuda().eval()
    sizes = []
    model.encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    model(torch.rand(1, 14, 3, 32, 32, device="cuda"))
    assert sizes == [2, 12]
