"""Learned corrections of weightless motion."""

import pytest
import torch

from vfiblocks import ModelSpec, Part, Window, build_model
from vfiblocks.errors import AssemblyError

NARROW = {"channels": (12, 8), "blocks": (1, 1)}


def corrected(prior: str, **options):
    """A small model, and the weightless one that it starts from."""
    plain = build_model("classical-quadratic" if prior == "quadratic" else "classical")
    flow = Part(f"{prior}-corrected", **NARROW, **options)
    encoder = Part("pixels", levels=3)
    spec = plain.spec.override(encoder=encoder, flow=flow)
    return build_model(spec), plain


def moving_square(frames: int = 4) -> torch.Tensor:
    clip = torch.full((1, frames, 3, 48, 64), 0.2)
    for k in range(frames):
        clip[:, k, :, 16:32, 10 + 6 * k : 26 + 6 * k] = torch.rand(3, 16, 16, generator=seeded())
    return clip


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("prior", ["classical", "quadratic"])
@pytest.mark.parametrize("time", [0.5, 0.25])
def test_without_training_it_is_its_start(prior, time):
    model, plain = corrected(prior)
    window = Window.even(*((1, 1) if prior == "classical" else (2, 2)), time)
    clip = moving_square(len(window))
    ours, theirs = model(clip, window), plain(clip, window)
    assert torch.equal(ours.motion.flow, theirs.motion.flow)
    assert torch.equal(ours.motion.logits, theirs.motion.logits)
    torch.testing.assert_close(ours.image, theirs.image)


def test_the_named_model_starts_at_the_weightless_picture():
    clip, window = moving_square(4), Window.even(2, 2)
    refined = build_model("classical-refined").eval()
    plain = build_model("classical-quadratic")
    torch.testing.assert_close(refined(clip, window).image, plain(clip, window).image)


def test_every_step_learns_and_changes_motion():
    model, plain = corrected("classical")
    clip = moving_square(2)
    model.train()
    model(clip).image.sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.abs().max() > 0
        for name, parameter in model.flow.named_parameters()
        if "heads" in name
    )
    model.eval()
    before = plain(clip).motion.flow
    for depth, step in enumerate(model.flow.steps):
        with torch.no_grad():
            step.heads[0].bias[0] += 0.5  # of a cell, to the left reference
        moved = model(clip).motion.flow
        stride = model.flow.strides[depth]
        gained = (moved - before)[:, 0, 0]
        assert gained.median().item() == pytest.approx(0.5 * stride, rel=0.05)
        before = moved


def test_quadratic_asks_for_its_context():
    spec = ModelSpec(
        encoder=Part("pixels", levels=3),
        flow=Part("quadratic-corrected"),
        blender=Part("visibility"),
        window=Window.even(1, 1),
    )
    with pytest.raises(AssemblyError, match="aggregator='neighbours'"):
        build_model(spec)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strides": (2, 4)}, "coarse to fine"),
        ({"strides": (4,)}, "one width"),
        ({"radii": (-1, 0)}, "0 or more"),
        ({"bound": 0.0}, "more than nothing"),
    ],
)
def test_bad_options_are_named(options, said):
    with pytest.raises(AssemblyError, match=said):
        corrected("classical", **options)
