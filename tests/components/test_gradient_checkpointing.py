"""Recomputing layers in the backward pass changes memory, not gradients."""

import torch
from torch.utils.checkpoint import checkpoint

from vfiblocks import build_model
from vfiblocks.aggregators import transformer


def gradients(model, frames):
    model.train()
    torch.manual_seed(3)  # dropout must fall the same way in both
    model(frames).image.square().mean().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def test_gradients_are_those_without_it(monkeypatch):
    recomputed = []

    def counting(layer, *arguments, **options):
        recomputed.append(layer)
        return checkpoint(layer, *arguments, **options)

    monkeypatch.setattr(transformer, "checkpoint", counting)
    plain = build_model("lift15-tiny")
    saving = build_model("lift15-tiny", aggregator={"checkpoint": True})
    saving.load_state_dict(plain.state_dict())
    frames = torch.rand(1, 14, 3, 32, 32)
    expected = gradients(plain, frames)
    assert not recomputed
    for name, gradient in gradients(saving, frames).items():
        assert torch.allclose(gradient, expected[name], atol=1e-7), name
    assert len(recomputed) == len(plain.aggregator.layers)


def test_inference_recomputes_nothing(monkeypatch):
    monkeypatch.setattr(transformer, "checkpoint", None)
    model = build_model("lift15-tiny", aggregator={"checkpoint": True}).eval()
    assert model(torch.rand(1, 14, 3, 32, 32)).image.isfinite().all()
