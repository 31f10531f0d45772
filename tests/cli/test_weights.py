"""Official weights from the command line: a checkpoint that works, or one clear line."""

import hashlib
import os
import zipfile

import pytest
import torch
from safetensors import safe_open

from lift15.rife.structures import find_known


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """Official files of two versions, with numbers of ours; the 4.x one is among the smallest."""
    folder = tmp_path_factory.mktemp("official")
    generator = torch.Generator().manual_seed(0)
    paths = {}
    for name in ("rife-4.22-lite", "rife"):
        known = find_known(name)
        shapes = {n: max(s) for n, s in known.official_shapes(head="cnn").items()}
        if name == "rife":
            block = "block2.lastconv.bias", "block2.lastconv.weight"
            shapes |= {n.replace("block2", "block_tea"): shapes[n] for n in block}
        state = {
            f"module.{n}": torch.rand(s, generator=generator).sub_(0.5).mul_(0.1)
            for n, s in shapes.items()
        }
        paths[name] = folder / f"{name}.pkl"
        torch.save(state, paths[name])
    return paths


def listing(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_says_what_was_found_and_writes_a_checkpoint(vfi, official, tmp_path):
    source = official["rife-4.22-lite"]
    outcome = vfi("weights", "import", source, "-o", tmp_path / "rife.safetensors")
    assert outcome.code == 0, outcome.err
    assert [line.split("\t") for line in outcome.out.splitlines()] == [
        ["what", "found"],
        ["file", "rife-4.22-lite.pkl"],
        ["sha256", hashlib.sha256(source.read_bytes()).hexdigest()],
        ["official version", "RIFE 4.22.lite"],
        ["model", "rife-4.22-lite"],
        ["tensors", "128"],
        ["parameters", "4,849,636"],
        ["set aside", "0 tensors"],
    ]
    notes = outcome.err.splitlines()
    assert notes[0].startswith("output channels that nothing reads were left behind: block3.")
    assert notes[1:] == [f"wrote {tmp_path / 'rife.safetensors'}"]
    described = vfi("describe", tmp_path / "rife.safetensors").out
    assert described == vfi("describe", "rife-4.22-lite").out


def test_what_was_imported_interpolates(vfi, official, tmp_path):
    from vfiblocks.video import write_picture

    with zipfile.ZipFile(tmp_path / "RIFE.zip", "w") as archive:
        archive.write(official["rife-4.22-lite"], "train_log/flownet.pkl")
        archive.writestr("train_log/RIFE_HDv3.py", "raise SystemExit('I was run')")
    weights = tmp_path / "rife.safetensors"
    outcome = vfi("weights", "import", tmp_path / "RIFE.zip", "-o", weights)
    assert outcome.code == 0, outcome.err
    assert "file\tRIFE.zip: train_log/flownet.pkl" in outcome.out
    (tmp_path / "in").mkdir()
    for index in range(2):
        write_picture(tmp_path / "in" / f"{index}.png", torch.full((3, 32, 32), index / 2))
    outcome = vfi("interpolate", tmp_path / "in", "-o", tmp_path / "out", "--model", weights)
    assert outcome.code == 0, outcome.err
    assert len(listing(tmp_path / "out")) == 3


def test_model_and_teacher(vfi, official, tmp_path):
    model, teacher = tmp_path / "model.safetensors", tmp_path / "teacher.safetensors"
    arguments = ("weights", "import", official["rife"], "-o", model, "--teacher", teacher)
    outcome = vfi(*arguments, "--model", "rife-2r")
    assert outcome.code == 0, outcome.err
    assert "official version\tRIFE ECCV 2R\nmodel\trife-2r\n" in outcome.out
    assert "set aside\t2 tensors" in outcome.out
    with safe_open(teacher, framework="pt") as file:
        assert sorted(file.keys()) == ["up.bias", "up.weight"]
        assert file.metadata()["part"] == "teacher"


def test_versions_that_share_a_structure_are_named_together(vfi, official, tmp_path):
    outcome = vfi("weights", "import", official["rife"], "-o", tmp_path / "model.safetensors")
    assert "official version\tRIFE ECCV or ECCV 2R: one structure" in outcome.out
    assert "taken for 'rife'" in outcome.err


def test_existing_files_are_kept(vfi, refused, official, tmp_path):
    taken = tmp_path / "taken.safetensors"
    taken.write_bytes(b"precious")
    source, fresh = official["rife-4.22-lite"], tmp_path / "fresh.safetensors"
    for names in ((taken,), (fresh, "--teacher", taken)):
        line = refused("weights", "import", source, "-o", *names)
        assert line == f"vfi: {taken}: already exists; allow overwriting to replace it"
    assert taken.read_bytes() == b"precious"
    assert listing(tmp_path) == ["taken.safetensors"]
    assert vfi("weights", "import", source, "-o", taken, "--overwrite").code == 0
    assert taken.stat().st_size > 10_000_000


class Trap:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_a_file_with_code(refused, tmp_path):
    torch.save({"state_dict": Trap(tmp_path / "ran")}, tmp_path / "trap.pkl")
    line = refused("weights", "import", tmp_path / "trap.pkl", "-o", tmp_path / "out.safetensors")
    assert "holds code, not only tensors: it wants 'posix.system'. Nothing was run" in line
    assert listing(tmp_path) == ["trap.pkl"]


def test_a_file_cut_short(refused, official, tmp_path):
    whole = official["rife-4.22-lite"].read_bytes()
    (tmp_path / "flownet.pkl").write_bytes(whole[: len(whole) // 2])
    line = refused("weights", "import", tmp_path / "flownet.pkl", "-o", tmp_path / "o.safetensors")
    assert "flownet.pkl is cut short or damaged" in line
    assert listing(tmp_path) == ["flownet.pkl"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "model.pkl"), "weights are written as .safetensors, got model.pkl"),
        (("-o", "m.safetensors", "--teacher", "m.safetensors"), "cannot both be written to"),
        (("-o", "m.safetensors", "--model", "rife-4.6"), "does not fit model 'rife-4.6'"),
        (("-o", "m.safetensors", "--model", "rife-9"), "no RIFE is called 'rife-9'"),
        (("-o", "m.safetensors", "--member", "unet.pkl"), "there is no unet.pkl to choose in it"),
        (("-o", "m.safetensors", "--teacher", "t.safetensors"), "has no teacher block"),
        (("-o", "nowhere/m.safetensors"), "cannot write nowhere/m.safetensors"),
    ],
)
def test_refusals_leave_nothing(refused, official, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refused("weights", "import", official["rife-4.22-lite"], *arguments)
    assert listing(tmp_path) == []


def test_a_file_that_is_not_there(refused, tmp_path):
    line = refused("weights", "import", "nowhere.pkl", "-o", tmp_path / "m.safetensors")
    assert line == "vfi: no file nowhere.pkl"


def test_models_are_not_built_from_pickles_but_the_way_is_told(refused, official, tmp_path):
    source = official["rife"]
    line = refused("interpolate", "in.mp4", "-o", tmp_path / "out.mp4", "--model", source)
    assert f"`vfi weights import {source} -o model.safetensors`" in line
