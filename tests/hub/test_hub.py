"""Pushing and loading, and what is refused before anything leaves this machine."""

import sys

import pytest
import torch

from vfiblocks import build_model
from vfiblocks.errors import CheckpointError, MissingDependency
from vfiblocks.hub import load_address, load_from_hub, push_to_hub


def test_what_is_pushed_comes_back_bit_for_bit(hub, model):
    address = push_to_hub(model, "me/tiny", facts={"license": "MIT"}, token="hf_t")
    assert address == "hf://me/tiny"
    assert {file.name for file in (hub.folder / "me/tiny").iterdir()} == {
        "README.md",
        "model.safetensors",
    }
    assert ("token", "hf_t") in hub.calls
    assert ("commit", "Upload a vfiblocks model") in hub.calls
    back = build_model(address)
    assert back.spec == model.spec
    assert not back.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, back.state_dict()[name]), name


def test_the_card_tells_the_address_and_the_fingerprint(hub, model):
    address = push_to_hub(model, "me/tiny", facts={"trained on": "nothing"})
    card = (hub.folder / "me/tiny/README.md").read_text()
    assert f'build_model("{address}")' in card
    assert model.spec.fingerprint in card
    assert "| trained on | nothing |" in card


def test_revision_and_token_reach_the_client(hub, model):
    push_to_hub(model, "me/tiny")
    load_from_hub("me/tiny", revision="v1", token="hf_t")
    load_address("hf://me/tiny@0a1b2c")
    load_address("hf://me/tiny")
    downloads = [call[1:] for call in hub.calls if call[0] == "download"]
    assert downloads == [("v1", "hf_t"), ("0a1b2c", None), (None, None)]


def test_private_weights_never_enter_a_public_repository(hub, model):
    push_to_hub(model, "me/tiny", facts={"edition": "first"})
    before = (hub.folder / "me/tiny/README.md").read_text()
    with pytest.raises(CheckpointError, match="was to be private, but that repository exists and"):
        push_to_hub(model, "me/tiny", facts={"edition": "second"}, private=True)
    assert (hub.folder / "me/tiny/README.md").read_text() == before
    push_to_hub(model, "me/hidden", private=True)
    assert hub.private["me/hidden"]


@pytest.mark.parametrize("name", ["tiny", "", "/tiny", "me/", "me/tiny/file.safetensors"])
def test_a_name_without_owner_is_refused_before_anything_is_sent(hub, model, name):
    for call in (lambda: push_to_hub(model, name), lambda: build_model(f"hf://{name}")):
        with pytest.raises(CheckpointError, match=r"is named owner/name, got .*hf://owner/name@re"):
            call()
    assert not hub.folder.exists()


def test_overrides_are_refused_as_for_any_checkpoint(hub, model):
    push_to_hub(model, "me/tiny")
    with pytest.raises(CheckpointError, match=r"^me/tiny: .*so refiner cannot be overridden"):
        build_model("hf://me/tiny", refiner={"blocks": 3})


def test_a_file_that_is_not_ours_is_named_with_its_repository(hub, model):
    push_to_hub(model, "me/tiny")
    (hub.folder / "me/tiny/model.safetensors").write_bytes(b"\x08 not one")
    with pytest.raises(CheckpointError, match=r"^me/tiny: .* is not a whole safetensors file"):
        load_from_hub("me/tiny")


def test_without_the_client_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependency, match="pip install huggingface-hub"):
        load_from_hub("me/tiny")
