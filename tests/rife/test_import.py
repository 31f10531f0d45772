"""Official weights arrive whole, under our names, or not at all."""

import hashlib

import pytest
import torch
from safetensors.torch import load_file, save_file

from lift15.rife import import_weights
from lift15.rife.keys import official_names
from lift15.rife.structures import INDEXED_HEAD, known_models
from vfiblocks import build_model, load, save
from vfiblocks.checkpoints import read
from vfiblocks.errors import CheckpointError, UnknownComponent
from vfiblocks.flows.if_block import IFBlock

# The smallest, for what does not depend on the version.
SMALL = "4.15.lite"

# One version of every structure there is.
STRUCTURES = {known.spec: known for known in known_models()}.values()


@pytest.fixture
def save_official(tmp_path, official):
    """Write the official file of a version, changed by a function of the state dict."""

    def write(version, change=lambda state: state, *, name="flownet.pkl"):
        path = tmp_path / name
        torch.save(change(official(version)), path)
        return path

    return write


def equal(found, state, names):
    """Whether every tensor is the official one, but for the rows that nothing reads."""
    for ours, theirs in names.items():
        expected = state[f"module.{theirs}"]
        if ".lastconv.0." in theirs:
            cut = found[ours].shape[-1 if expected.ndim == 1 else 1]
            expected = expected[:cut] if expected.ndim == 1 else expected[:, :cut]
        if not torch.equal(found[ours], expected):
            return False
    return set(found) == set(names)


@pytest.mark.parametrize("known", STRUCTURES, ids=lambda known: known.name)
def test_every_structure_comes_back_as_it_was(official, save_official, known):
    path = save_official(known.version)
    imported = import_weights(path, model=known.name)
    head = "index" if known.version in INDEXED_HEAD else "cnn"
    assert equal(imported.weights, official(known.version), official_names(known.shapes, head=head))
    assert (imported.model_name, imported.spec) == (known.name, known.spec)
    assert imported.versions == (known.version,)
    assert all(t.is_contiguous() and t.dtype == torch.float32 for t in imported.weights.values())


def test_the_version_is_found_without_being_named(save_official):
    imported = import_weights(save_official("4.8"))
    assert imported.versions == ("4.7", "4.8", "4.9")
    assert imported.model_name == "rife-4.7"
    assert imported.parameters == 5_294_276
    assert imported.set_aside == ()
    assert len(imported.notes) == 1
    assert (
        "output channels that nothing reads were left behind: block0.lastconv"
        in (imported.notes[0])
    )


def test_both_strides_of_the_old_one_fit_and_the_usual_is_assumed(save_official):
    path = save_official("ECCV")
    assumed, told = import_weights(path), import_weights(path, model="rife-2r")
    assert (assumed.model_name, told.model_name) == ("rife", "rife-2r")
    assert assumed.notes == (
        "taken for 'rife'; names and shapes are the same in rife-2r, which --model chooses",
    )
    assert told.notes == ()
    assert told.versions == ("ECCV 2R",)
    deepest = assumed.weights["encoder.levels.16.1.0.bias"]
    assert torch.equal(told.weights["encoder.levels.8.1.0.bias"], deepest)


def test_the_teacher_is_handed_apart(official, save_official, tmp_path):
    imported = import_weights(save_official("ECCV"))
    assert len(imported.set_aside) == 32
    assert all(name.startswith("block_tea.") for name in imported.set_aside)
    assert torch.equal(
        imported.teacher["body.7.1.weight"],
        official("ECCV")["module.block_tea.convblock.7.1.weight"],
    )
    path = imported.save_teacher(tmp_path / "teacher.safetensors")
    block = IFBlock(20, 90)
    block.load_state_dict(load_file(path), strict=True)


def test_without_a_teacher_there_is_none_to_write(save_official, tmp_path):
    imported = import_weights(save_official(SMALL))
    assert imported.teacher == {}
    with pytest.raises(CheckpointError, match=r"flownet\.pkl has no teacher block"):
        imported.save_teacher(tmp_path / "teacher.safetensors")
    assert list(tmp_path.iterdir()) == [tmp_path / "flownet.pkl"]


def test_what_belongs_to_training_is_set_aside(save_official):
    # What users report of the 4.18 and 4.26 files beyond the model.
    kept = [f"teacher.convblock.{k}.{kind}" for k in range(8) for kind in ("beta", "conv.bias")]
    extra = [*kept, "teacher.lastconv.0.bias", *(f"caltime.{k}.bias" for k in (0, 2, 4, 6, 8))]
    imported = import_weights(
        save_official(SMALL, lambda s: s | {f"module.{n}": torch.ones(24) for n in extra})
    )
    assert imported.set_aside == tuple(extra)
    assert len(imported.teacher) == len(kept) + 1
    assert imported.teacher["up.bias"].shape == (24,)


def test_the_refinement_of_early_files_is_set_aside(save_official, official_shapes):
    # As the published 4.0 file has it: the picture is made without unless asked for.
    extra = [n for n in official_shapes("ECCV") if n.startswith(("contextnet.", "unet."))]
    path = save_official("4.0", lambda s: s | {f"module.{n}": torch.ones(1) for n in extra})
    imported = import_weights(path)
    assert imported.model_name == "rife-4.0"
    assert imported.set_aside == tuple(extra)
    assert "refinement is off in the published pictures" in imported.notes[0]


def test_written_files_load_by_themselves(save_official, tmp_path):
    source = save_official(SMALL)
    imported = import_weights(source)
    path = imported.save(tmp_path / "rife.safetensors")
    model = build_model(path)
    assert all(torch.equal(model.state_dict()[n], t) for n, t in imported.weights.items())
    assert read(path).facts == {
        "source": "flownet.pkl",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "official version": "RIFE 4.15.lite, 4.16.lite or 4.17.lite",
        "importer": "vfiblocks 0.1.0",
    }
    frames = torch.rand(1, 2, 3, 32, 32)
    image = model(frames).image
    assert torch.equal(image, imported.build()(frames).image)
    assert 0 < image.std() < 1


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {n.removeprefix("module."): t for n, t in state.items()},
        lambda state: {n.replace("module.", "flownet."): t for n, t in state.items()},
        lambda state: {f"model.{n}": t for n, t in state.items()},
        lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 1e-3}},
        lambda state: {"model": {"flownet": state}},
        lambda state: {"flownet": state},
        lambda state: {**state, "step": 7},
    ],
    ids=["bare", "flownet", "model.module", "state_dict", "nested", "wrapped", "beside"],
)
def test_usual_wrappers_come_off(save_official, change):
    imported = import_weights(save_official(SMALL, change))
    assert imported.model_name == "rife-4.15-lite"
    ignored = "entries that are no tensors were ignored: step"
    assert (ignored in imported.notes) == ("step" in change({}))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(official, save_official, kind):
    path = save_official(SMALL, lambda state: {n: t.to(kind) for n, t in state.items()})
    imported = import_weights(path)
    name = str(kind).removeprefix("torch.")
    assert imported.notes[0] == f"128 tensors of {name} were made float32"
    expected = official(SMALL)["module.block0.convblock.0.beta"].to(kind).float()
    assert torch.equal(imported.weights["flow.blocks.0.body.0.beta"], expected)


def test_older_torch_files_and_safetensors_are_read(official, tmp_path):
    state = official(SMALL)
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file(state, tmp_path / "foreign.safetensors")
    for name in ("old.pth", "foreign.safetensors"):
        assert import_weights(tmp_path / name).model_name == "rife-4.15-lite"


def test_our_own_checkpoints_need_no_import(tmp_path):
    path = save(build_model("rife-4.15-lite"), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="was written by vfiblocks and needs no import"):
        import_weights(path)


def test_another_version_than_the_file_holds_is_refused(save_official):
    path = save_official("4.8")
    with pytest.raises(CheckpointError) as caught:
        import_weights(path, model="rife-4.6")
    assert str(caught.value) == (
        f"{path} does not fit model 'rife-4.6': 116 of 120 tensors fit; 4 unknown: "
        "encode.0.weight, encode.0.bias, encode.1.weight, ...; 4 of another shape: "
        "block0.conv0.0.0.weight is (96, 15, 3, 3) instead of (96, 7, 3, 3), "
        "block1.conv0.0.0.weight is (64, 20, 3, 3) instead of (64, 12, 3, 3), "
        "block2.conv0.0.0.weight is (48, 20, 3, 3) instead of (48, 12, 3, 3), ...; "
        "it is RIFE 4.7, 4.8 or 4.9, 'rife-4.7' here"
    )


def test_a_sibling_of_the_version_is_accepted_with_a_remark(save_official):
    imported = import_weights(save_official("4.6"), model="rife-4.5")
    assert imported.notes[0] == "the file looks like RIFE 4.6: same structure"


def test_a_model_that_does_not_exist(save_official):
    with pytest.raises(UnknownComponent, match="no RIFE is called 'rife-5'"):
        import_weights(save_official(SMALL), model="rife-5")


def test_an_unknown_structure_names_the_nearest(save_official):
    def change(state):
        state["module.block0.odd.weight"] = state.pop("module.block0.convblock.0.beta")
        state["module.encode.cnn0.bias"] = torch.zeros(17)
        return state

    path = save_official(SMALL, change)
    with pytest.raises(CheckpointError) as caught:
        import_weights(path)
    assert str(caught.value) == (
        f"{path} is no RIFE known here; the nearest is 'rife-4.15-lite' (RIFE 4.15.lite, "
        "4.16.lite or 4.17.lite): 126 of 128 tensors fit; 1 missing: block0.convblock.0.beta; "
        "1 unknown: block0.odd.weight; 1 of another shape: encode.cnn0.bias is (17,) instead of "
        "(16,)"
    )


def test_something_else_altogether(tmp_path):
    torch.save({"layer1.weight": torch.zeros(2), "fc.bias": torch.zeros(2)}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=r"it holds layer1\.weight, fc\.bias$"):
        import_weights(tmp_path / "net.pt")


def test_a_teacher_alone_is_no_model(save_official):
    path = save_official("ECCV", lambda s: {n: t for n, t in s.items() if "block_tea" in n})
    with pytest.raises(CheckpointError, match="it holds nothing but what belongs to training"):
        import_weights(path)


def test_names_that_become_one_are_refused(save_official):
    path = save_official(SMALL, lambda s: {**s, "encode.cnn0.bias": torch.zeros(16)})
    with pytest.raises(CheckpointError, match=r"has 'encode\.cnn0\.bias' more than once"):
        import_weights(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_weights_that_are_no_numbers_are_refused(save_official, value):
    def spoil(state):
        bias = torch.zeros(16, dtype=torch.float64)
        bias[3] = value
        return state | {"module.encode.cnn0.bias": bias}

    with pytest.raises(CheckpointError, match=r"'encode\.cnn0\.bias' holds NaN or infinity"):
        import_weights(save_official(SMALL, spoil))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(16, dtype=torch.int32),
        torch.zeros(16).to_sparse(),
        torch.zeros(16, device="meta"),
    ],
    ids=["int", "sparse", "meta"],
)
def test_tensors_of_another_kind_are_refused(save_official, tensor):
    path = save_official(SMALL, lambda state: state | {"module.encode.cnn0.bias": tensor})
    with pytest.raises(CheckpointError, match=r"'encode\.cnn0\.bias' is no dense tensor of floats"):
        import_weights(path)


def test_files_are_replaced_only_when_allowed(save_official, tmp_path):
    imported = import_weights(save_official(SMALL))
    path = tmp_path / "rife.safetensors"
    path.write_bytes(b"precious")
    with pytest.raises(CheckpointError, match=r"rife\.safetensors: already exists"):
        imported.save(path)
    assert path.read_bytes() == b"precious"
    imported.save(path, overwrite=True)
    assert load(path).spec.fingerprint == imported.spec.fingerprint


def test_a_folder_that_is_not_there(save_official, tmp_path):
    imported = import_weights(save_official("ECCV"))
    for write in (imported.save, imported.save_teacher):
        with pytest.raises(CheckpointError, match="cannot write"):
            write(tmp_path / "nowhere" / "rife.safetensors")
        with pytest.raises(CheckpointError, match="change the suffix"):
            write(tmp_path / "rife.pkl")
    assert [p.name for p in tmp_path.iterdir()] == ["flownet.pkl"]
