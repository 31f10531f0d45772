"""The card is true to the model, and the Hub can read its header."""

import pytest
import torch

from vfiblocks import REFINERS, build_model
from vfiblocks.model_card import model_card
from vfiblocks.refiners import Refiner


def header(card):
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(card.split("---\n")[1])


def test_it_lists_the_stages_with_their_parameters(model):
    card = model_card(model, "me/tiny")
    for stage, part in model.spec.parts():
        (row,) = [line for line in card.splitlines() if line.startswith(f"| {stage} |")]
        count = sum(p.numel() for p in getattr(model, stage).parameters())
        assert f"| {part.name}" in row
        assert f"| {count:,} |" in row
    assert "Frames at 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14 give the one at 8." in card


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, {}),
        ({"license": "MIT"}, {"license": "mit"}),
        ({"licence": "CC-BY-NC-4.0"}, {"license": "cc-by-nc-4.0"}),
        ({"license": 'my: "own"'}, {"license": "other", "license_name": 'my: "own"'}),
    ],
)
def test_the_header_holds_a_licence_the_hub_accepts(model, facts, wanted):
    plain = header(model_card(model, "me/tiny", facts=facts))
    assert plain.pop("library_name") == "vfiblocks"
    assert plain.pop("tags") == ["video-frame-interpolation", "vfiblocks"]
    assert plain == wanted


def test_facts_cannot_break_the_table(model):
    card = model_card(model, "me/tiny", facts={"note": "a | b\n| c"})
    assert "| note | a \\| b \\| c |" in card


def test_it_says_which_package_a_foreign_part_needs(monkeypatch):
    monkeypatch.setattr(REFINERS, "_entries", dict(REFINERS._entries))

    class Nothing(Refiner):
        def forward(self, references, taps, motion, draft):
            return torch.zeros_like(references[:, 0])

    REFINERS.add("nothing", Nothing, origin="some-plugin 1.0")
    model = build_model("rife", encoder=None, refiner="nothing")
    wanted = "Needs some-plugin 1.0, which brings the refiner 'nothing'."
    assert wanted in model_card(model, "me/tiny")
    assert "Needs" not in model_card(build_model("rife"), "me/rife")
