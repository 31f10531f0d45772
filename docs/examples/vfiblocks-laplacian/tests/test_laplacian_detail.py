"""What the refiner promises, alone and inside a model."""

import pytest
import torch
from vfiblocks import Part, Upstream, build_model
from vfiblocks.errors import AssemblyError
from vfiblocks.ops import resize, shrink
from vfiblocks.states import Draft, Motion
from vfiblocks.testing import check_refiner

from vfiblocks_laplacian import LaplacianDetail
from vfiblocks_laplacian.pyramid import join, split


def refiner(**options):
    upstream = Upstream("refiner 'laplacian-detail'", motion_stride=4, draft_stride=4)
    return LaplacianDetail(upstream, **options)


def with_gates_at(logit):
    part = refiner()
    torch.nn.init.zeros_(part.gates[-1].weight)
    torch.nn.init.constant_(part.gates[-1].bias, logit)
    return part


def still_scene(height=64, width=96):
    """A scene without motion: what every refiner should return is the reference itself."""
    picture = torch.rand(1, 3, height, width)
    small = shrink(picture, 4)
    pair = torch.stack((picture, picture), dim=1)
    draft = Draft(small, torch.stack((small, small), dim=1))
    nothing = torch.zeros(1, 2, 2, height // 4, width // 4)
    return picture, pair, Motion(nothing, torch.zeros_like(nothing[:, :, :1])), draft


@pytest.mark.parametrize("levels", [1, 3])
def test_keeps_the_contract_of_refiners(levels):
    check_refiner(Part("laplacian-detail", levels=levels))


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_bands_add_up_to_the_picture(levels):
    x = torch.rand(2, 3, 32, 48)
    torch.testing.assert_close(join(split(x, levels)), x)


def test_restores_detail_before_any_training():
    picture, pair, motion, draft = still_scene()
    enlarged = resize(draft.image, picture.shape[-2:])
    refined = refiner()(pair, {}, motion, draft)
    # 0.12 of the missing detail stays missing where the gates start
    assert (refined - picture).abs().mean() < 0.2 * (enlarged - picture).abs().mean()


def test_closed_gates_leave_the_draft_alone():
    picture, pair, motion, draft = still_scene()
    refined = with_gates_at(-40.0)(pair, {}, motion, draft)
    torch.testing.assert_close(refined, resize(draft.image, picture.shape[-2:]))


def test_open_gates_take_every_band_from_the_references():
    picture, pair, motion, draft = still_scene()
    refined = with_gates_at(40.0)(pair, {}, motion, draft)
    coarse = split(resize(draft.image, picture.shape[-2:]), 3)[-1]  # stays the draft's
    torch.testing.assert_close(refined, join([*split(picture, 3)[:-1], coarse]))


def test_every_parameter_learns():
    picture, pair, motion, draft = still_scene()
    part = refiner()
    (part(pair, {}, motion, draft) - picture).abs().mean().backward()
    for name, parameter in part.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_too_few_levels_are_refused_by_name():
    with pytest.raises(AssemblyError, match="'laplacian-detail' wants at least one level, got 0"):
        refiner(levels=0)


@pytest.mark.parametrize("name", ["ifnet-laplacian", "lift15-laplacian"])
def test_named_models_interpolate(name):
    model = build_model(name).eval()
    frames = torch.rand(1, len(model.window), 3, 40, 56)
    with torch.no_grad():
        image = model(frames).image
    assert image.shape == (1, 3, 40, 56)
    assert image.isfinite().all()


def test_a_model_without_other_readers_needs_no_encoder():
    assert build_model("ifnet-laplacian").encoder is None
