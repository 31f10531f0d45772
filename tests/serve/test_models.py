"""The models that are offered, and the one chosen at first."""

import pytest

from lift15.making import DEFAULT
from lift15.serve.models import WITHOUT_WEIGHTS, Models
from vfiblocks import build_model, save
from vfiblocks.errors import InputError


def test_without_more_the_usual_model_is_chosen():
    models = Models(device="cpu")
    assert models.default == DEFAULT
    assert set(WITHOUT_WEIGHTS) <= set(models.names)
    assert models.get("classical") is models.get("classical")


def test_a_checkpoint_is_known_by_its_name_and_chosen(tmp_path):
    path = str(save(build_model("lift15-tiny"), tmp_path / "mine.safetensors"))
    models = Models([path, path], device="cpu")
    assert models.default == models.names[0] == "mine"
    assert models.get("mine").spec == build_model("lift15-tiny").spec
    (tmp_path / "more").mkdir()
    other = str(save(build_model("lift15-tiny"), tmp_path / "more" / "mine.safetensors"))
    with pytest.raises(InputError, match="would both be offered as 'mine'; rename one"):
        Models([path, other], device="cpu")


def test_only_what_is_offered_is_built():
    with pytest.raises(InputError, match=r"there is no model '/etc/x\.safetensors' here; choose "):
        Models(device="cpu").get("/etc/x.safetensors")
    with pytest.raises(InputError, match="no trained weights"):
        Models(["lift15-pro-2f"], device="cpu")
