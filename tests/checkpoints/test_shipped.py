"""Weights that come with the package."""

import torch

import lift15.shipped
from lift15.evaluation.prediction import load_predictor
from lift15.making import load_model
from lift15.shipped import shipped, with_weights
from vfiblocks import build_model, load, save
from vfiblocks.build import list_models

MEBIBYTE = 2**20


def test_they_belong_to_named_models_and_are_small():
    assert set(shipped()) <= set(list_models())
    sizes = [path.stat().st_size for path in shipped().values()]
    assert all(size <= 8 * MEBIBYTE for size in sizes)
    assert sum(sizes) <= 24 * MEBIBYTE


def test_each_is_the_model_of_its_name_with_a_card_that_says_what_it_learned_from():
    for name, path in shipped().items():
        model = load(path)
        assert model.spec.fingerprint == build_model(name).spec.fingerprint
        assert all(value.isfinite().all() for value in model.state_dict().values())
        card = path.with_suffix(".md").read_text(encoding="utf-8")
        assert all(word in card for word in ("Licence", "Trained on", "Scores"))


def test_a_name_brings_its_weights(tmp_path, monkeypatch):
    model = build_model("lift15-tiny").eval()
    save(model, tmp_path / "lift15-tiny.safetensors")
    monkeypatch.setattr(lift15.shipped, "FOLDER", tmp_path)
    assert with_weights("lift15-tiny") == tmp_path / "lift15-tiny.safetensors"
    assert with_weights("rife") == "rife"
    clip = torch.rand(1, 14, 3, 32, 32)
    loaded = load_model("lift15-tiny", device="cpu")
    torch.testing.assert_close(loaded(clip).image, model(clip).image, atol=1e-5, rtol=0)
    predictor = load_predictor("lift15-tiny", device="cpu")
    assert predictor.name == "lift15-tiny"


def test_an_address_on_the_hub_arrives_as_it_was_written(monkeypatch):
    asked = []

    def load(source, **options):
        asked.append(source)
        return build_model("classical").eval()

    monkeypatch.setattr("lift15.evaluation.prediction.load_model", load)
    load_predictor("hf://me/my-model@main")
    assert asked == ["hf://me/my-model@main"]
