"""An optimized model makes the same pictures and leaves the model it was made from alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vfiblocks import (
    Interpolator,
    ModelSpec,
    Part,
    Window,
    build_model,
    find_spec,
    list_models,
    optimize,
    save,
)
from vfiblocks.errors import CheckpointError, InputError
from vfiblocks.flows.if_block import ScaledResidual
from vfiblocks.layers import Join, conv_prelu, deconv_prelu

# Names that share a spec, as RIFE's versions of one structure do, are one model.
NAMES = sorted({find_spec(name).fingerprint: name for name in list_models()}.values())
STEPS = [{"fold": False}, {"channels_last": False}, {}]
FAMILIES = ["classical", "lift15-tiny", "rife", "rife-4.25"]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def clip(model: Interpolator, height: int = 50, width: int = 70, batch: int = 1) -> Tensor:
    return torch.rand(batch, len(model.window), 3, height, width)


def lively(name: str) -> Interpolator:
    """Weights as they are built, but for flow that is not near zero."""
    model = build_model(name).eval()
    with torch.no_grad():
        for parameter in model.flow.parameters():
            parameter.mul_(1.1)
    return model


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_the_same(name: str) -> None:
    model = lively(name)
    frames = clip(model)
    with torch.no_grad():
        wanted = model(frames)
    found = optimize(model)(frames)
    torch.testing.assert_close(found.image, wanted.image, rtol=0, atol=1e-5)
    assert found.motion.flow.shape == wanted.motion.flow.shape
    assert len(found.motion.coarser) == len(wanted.motion.coarser)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_every_step_alone_in_float64(name: str, steps: dict[str, bool]) -> None:
    if name == "classical":
        pytest.skip("computes in float32")
    model = lively(name).double()
    frames = clip(model, batch=2).double()
    with torch.no_grad():
        wanted = model(frames).image
    torch.testing.assert_close(optimize(model, **steps)(frames).image, wanted, rtol=0, atol=1e-10)


def test_large_maps() -> None:
    """Beyond the size at which activations are overwritten and maps joined in slices."""
    model = lively("rife").double()
    frames = clip(model, 256, 448).double()
    with torch.no_grad():
        wanted = model(frames).image
    torch.testing.assert_close(optimize(model)(frames).image, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_model_itself_stays(name: str) -> None:
    model = build_model(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    formats = {key: value.stride() for key, value in model.state_dict().items()}
    structure = str(model)
    fast = optimize(model)
    fast(clip(fast))
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert str(model) == structure
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert formats == {key: value.stride() for key, value in after.items()}


@pytest.mark.parametrize("groups", [1, 2])
def test_a_residual_block_folds_into_one_convolution(groups: int) -> None:
    block = ScaledResidual(8, groups=groups).double().requires_grad_(False)
    block.beta.normal_()
    x = torch.randn(2, 8, 9, 7).double()
    folded = block.for_inference(channels_last=True)
    assert [type(layer) for layer in folded.children()] == [nn.Conv2d, nn.LeakyReLU]
    torch.testing.assert_close(folded(x), block(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("make", [conv_prelu, deconv_prelu])
@pytest.mark.parametrize("size", [(9, 7), (180, 320)])
def test_activation_in_place(make: Callable[[int, int], nn.Module], size: tuple[int, int]) -> None:
    layer = make(6, 20).requires_grad_(False)
    layer[1].weight.uniform_(-1, 2)
    x = torch.randn(2, 6, *size)
    wanted = layer(x)
    torch.testing.assert_close(layer.for_inference(channels_last=True)(x), wanted)


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("size", [(9, 7), (400, 301)])
def test_joining_channels_last(mixed: bool, size: tuple[int, int]) -> None:
    pieces = [torch.rand(2, channels, *size) for channels in (3, 1, 8)]
    if mixed:
        pieces[2] = pieces[2].contiguous(memory_format=torch.channels_last)
    join = Join()
    joined = join.for_inference(channels_last=True)(*pieces)
    assert torch.equal(joined, join(*pieces))
    assert joined.is_contiguous(memory_format=torch.channels_last)
    assert join.for_inference(channels_last=False) is join


def test_is_used_like_the_model() -> None:
    model = lively("rife-4.6")
    fast = optimize(model)
    assert isinstance(fast, Interpolator)
    assert fast.spec == model.spec
    assert fast.window == model.window
    assert fast.multiple == model.multiple
    assert fast.flow.any_time
    frames, window = clip(model), Window.even(1, 1, 0.25)
    picture = fast(frames, window, torch.ones(1, 2, dtype=torch.bool)).image
    torch.testing.assert_close(picture, model(frames, window).image, rtol=0, atol=1e-5)
    halves = fast.decode(fast.encode(clip(model, 64, 64), window), window)
    assert not halves.image.requires_grad
    assert halves.image.is_inference()


def test_optimizing_twice_changes_nothing() -> None:
    fast = optimize(lively("rife-4.25"))
    frames = clip(fast)
    assert torch.equal(optimize(fast)(frames).image, fast(frames).image)


def test_compiles_only_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda part: compiled.append(part))
    model = build_model("rife")
    optimize(model)
    assert compiled == []
    fast = optimize(model, compile=True)
    assert compiled == [fast.encoder, fast.flow, fast.blender, fast.refiner]


def test_wrong_input_is_told_as_before() -> None:
    fast = optimize(build_model("rife"))
    with pytest.raises(InputError, match="the window has 2 positions, but 3 frames came"):
        fast(torch.rand(1, 3, 3, 32, 32))
    with pytest.raises(InputError, match="8-bit levels are divided by 255"):
        fast(255 * torch.rand(1, 2, 3, 32, 32))
    with pytest.raises(InputError, match="knows the midpoint only"):
        fast(torch.rand(1, 2, 3, 32, 32), Window.even(1, 1, 0.25))


def test_is_for_inference_only(tmp_path: Path) -> None:
    fast = optimize(build_model("rife").train())
    assert not any(module.training for module in fast.modules())
    assert not any(parameter.requires_grad for parameter in fast.parameters())
    assert fast.eval() is fast
    with pytest.raises(InputError, match="train the model it was made from"):
        fast.train()
    with pytest.raises(CheckpointError, match="save the model it was made from"):
        save(fast, tmp_path / "fast.safetensors")


def test_wants_an_assembled_model() -> None:
    with pytest.raises(InputError, match="takes an assembled model, got Sequential"):
        optimize(nn.Sequential(build_model("rife")))


def test_unknown_modules_are_left_alone() -> None:
    model = build_model(
        ModelSpec(flow=Part("ifnet", channels=(8,), scales=(1,)), blender=Part("visibility"))
    )
    model.flow.note = nn.Sequential(nn.Conv3d(2, 2, 1), nn.PReLU(), nn.BatchNorm2d(3))
    fast = optimize(model)
    assert [type(m) for m in fast.flow.note] == [nn.Conv3d, nn.PReLU, nn.BatchNorm2d]
    assert fast.flow.note[0].weight.is_contiguous()
