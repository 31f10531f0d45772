"""What may arrive as a checkpoint, and what is said about it."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from vfiblocks import Interpolator, build_model, load, load_part, save
from vfiblocks.checkpoints import read
from vfiblocks.errors import AssemblyError, CheckpointError

Change = Callable[[dict[str, Tensor], dict[str, Any]], Any]
WEIGHT = "flow.fine.0.0.weight"


@pytest.fixture(scope="module")
def tiny() -> Interpolator:
    torch.manual_seed(0)
    return build_model("lift15-tiny").eval()


@pytest.fixture(scope="module")
def whole(tiny: Interpolator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good file, not to be changed."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return save(tiny, folder / "tiny.safetensors", facts={"licence": "MIT", "PSNR": "34.1"})


@pytest.fixture
def changed(whole: Path, tmp_path: Path) -> Callable[[Change], Path]:
    """The good file with its tensors and what it says about itself changed."""

    def make(change: Change) -> Path:
        with safe_open(whole, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads(file.metadata()["vfiblocks"])
        change(tensors, about)
        path = tmp_path / "changed.safetensors"
        save_file(tensors, path, metadata={"vfiblocks": json.dumps(about)})
        return path

    return make


def test_all_there_is_comes_back(tiny: Interpolator, whole: Path):
    checkpoint = read(whole)
    assert checkpoint.spec == tiny.spec
    assert checkpoint.fingerprint == tiny.spec.fingerprint
    assert checkpoint.facts == {"licence": "MIT", "PSNR": "34.1"}
    assert checkpoint.tensors.keys() == tiny.state_dict().keys()
    loaded = load(whole)
    assert not loaded.training
    assert all(torch.equal(loaded.state_dict()[n], v) for n, v in tiny.state_dict().items())
    assert build_model(str(whole)).spec == tiny.spec


def test_overrides_that_change_tensors_do_not_go_with_weights(whole: Path):
    with pytest.raises(CheckpointError, match=r"so refiner cannot be overridden; .*load_part"):
        build_model(whole, refiner={"blocks": 3})
    with pytest.raises(AssemblyError, match="no refiner brings the picture to full resolution"):
        build_model(whole, refiner=None)


def test_overrides_that_leave_the_tensors_as_they_are(tmp_path: Path):
    rife = build_model("rife", encoder=None, refiner=None, flow={"channels": (8, 8, 8)})
    path = save(rife, tmp_path / "rife.safetensors")
    coarse = build_model(path, flow={"flow_scale": 0.5})
    assert coarse.spec.flow.options["flow_scale"] == 0.5
    assert coarse.flow.scales == (8, 4, 2)
    assert all(torch.equal(coarse.state_dict()[n], v) for n, v in rife.state_dict().items())


def test_missing_file(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*nothing\.safetensors"):
        load(tmp_path / "nothing.safetensors")


def test_a_folder_is_no_checkpoint(tmp_path: Path):
    with pytest.raises(CheckpointError, match="is not a whole safetensors file"):
        load(tmp_path)


@pytest.mark.parametrize("share", [0.0, 1e-5, 0.001, 0.5, 0.9999])
def test_truncated_file(whole: Path, tmp_path: Path, share: float):
    content = whole.read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors is not a whole safetensors file"):
        load(path)


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", [pickle.dump, torch.save])
def test_pickles_are_never_executed(tmp_path: Path, writer: Any):
    path, crater = tmp_path / "bomb.safetensors", tmp_path / "crater"
    with path.open("wb") as file:
        writer({"weight": Bomb(crater)}, file)
    for reader in (load, read, build_model):
        with pytest.raises(CheckpointError, match="is not a whole safetensors file"):
            reader(path)
    assert not crater.exists()


def test_foreign_file(tmp_path: Path):
    path = tmp_path / "foreign.safetensors"
    save_file({"conv.weight": torch.rand(2)}, path)
    with pytest.raises(CheckpointError, match="carries no vfiblocks spec"):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t, _: t.update(renamed=t.pop(WEIGHT)),
            rf"'{WEIGHT}' is missing; 'renamed' is not part of the model.*load_part",
        ),
        (lambda t, _: t.pop(WEIGHT), f"'{WEIGHT}' is missing; the file was changed"),
        (lambda t, _: t.update(more=torch.rand(1)), "'more' is not part of the model"),
        (
            lambda t, _: t.update({WEIGHT: torch.rand(2, 3)}),
            rf"'{WEIGHT}' is \(2, 3\) instead of \(32, ",
        ),
        (lambda t, _: t.clear(), r"is missing; .* is missing; .* is missing \.\.\.; the file"),
    ],
    ids=["renamed", "missing", "surplus", "reshaped", "empty"],
)
def test_tensors_that_do_not_fit_their_own_spec(changed: Any, change: Change, message: str):
    with pytest.raises(CheckpointError, match=message) as caught:
        load(changed(change))
    assert "changed.safetensors" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda _, a: a["spec"]["flow"].update(name="context-cascades"),
            "cannot be assembled: unknown flow 'context-cascades'; did you mean 'context-cascade'",
        ),
        (
            lambda _, a: a["spec"]["flow"]["options"].update(speed=1),
            "cannot be assembled: flow 'context-cascade' has no option 'speed'; it takes coarse_",
        ),
        (lambda _, a: a["spec"].update(format=2), "has format 2, this version reads format 1"),
        (lambda _, a: a["spec"].update(decoder=None), "a spec has no field 'decoder'"),
        (lambda _, a: a["spec"].update(flow=None), "a model needs a flow"),
        (lambda _, a: a["spec"].update(window={"target": 3}), "window must hold positions"),
        (lambda _, a: a.update(spec=[1, 2]), "a spec must be a table of stages"),
        (lambda _, a: a.pop("spec"), "carries a spec that cannot be read"),
        (lambda _, a: a.update(facts=["no", "table"]), "carries a spec that cannot be read"),
    ],
)
def test_specs_that_make_no_model(changed: Any, change: Change, message: str):
    with pytest.raises(CheckpointError, match=message) as caught:
        load(changed(change))
    assert "changed.safetensors" in str(caught.value)


@pytest.mark.parametrize("text", ["not json", "17", "null", "[]", '"text"'])
def test_metadata_that_is_no_table(tmp_path: Path, text: str):
    path = tmp_path / "odd.safetensors"
    save_file({"x": torch.rand(1)}, path, metadata={"vfiblocks": text})
    with pytest.raises(CheckpointError, match=r"odd\.safetensors carries a spec that cannot be"):
        load(path)


def test_other_precisions_load_as_they_fit(changed: Any, tiny: Interpolator):
    """A file of half the size is still the same model, rounded."""
    path = changed(lambda t, _: t.update({n: v.bfloat16() for n, v in t.items()}))
    for name, value in load(path).state_dict().items():
        assert torch.equal(value, tiny.state_dict()[name].bfloat16().float())


def test_files_of_unknown_parts_can_still_be_read_in_part(changed: Any):
    path = changed(lambda _, a: a["spec"]["encoder"].update(name="gone"))
    report = load_part(build_model("lift15-tiny"), path, prefix="refiner.")
    assert report.filled
    assert report.mismatched == report.missing == report.surplus == ()
