"""Files of unknown origin: nothing is run, and every kind of damage is one clear error."""

import io
import os
import pickle
import zipfile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as to_safetensors
from torch import nn

from lift15.rife import unpickle
from lift15.rife.unpickle import read_tensors
from vfiblocks.errors import CheckpointError

STATE = {"block0.weight": torch.arange(64.0).view(8, 8), "block0.bias": torch.ones(8)}


def saved(content, **options):
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


WHOLE = {
    "zip": saved(STATE),
    "legacy": saved(STATE, _use_new_zipfile_serialization=False),
    "safetensors": to_safetensors(STATE),
}


class Trap:
    """Runs a command as soon as it is unpickled the careless way."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_files_are_read(tmp_path, kind):
    path = tmp_path / "any.name"
    path.write_bytes(WHOLE[kind])
    for data in (WHOLE[kind], path):
        found = read_tensors(data, "file")
        assert set(found) == set(STATE)
        assert all(torch.equal(found[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("beside", [{}, {"state_dict": STATE}])
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle", "pickle 2"])
def test_code_is_not_run(tmp_path, kind, beside):
    marker = tmp_path / "ran"
    content = {**beside, "extra": Trap(marker)}
    if kind.startswith("pickle"):
        content = {"extra": Trap(marker)}  # tensors are code as well to a plain pickle
        data = pickle.dumps(content, protocol=2 if kind.endswith("2") else None)
    else:
        data = saved(content, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(
        CheckpointError, match=r"holds code, .* wants '\w+\.system'. Nothing was run"
    ):
        read_tensors(data, "file")
    assert not marker.exists()
    pickle.loads(pickle.dumps(Trap(marker)))  # the trap does work
    assert marker.exists()


def test_whole_modules_are_code():
    with pytest.raises(CheckpointError, match=r"wants 'torch\.nn\.modules\.linear\.Linear'"):
        read_tensors(saved(nn.Linear(2, 2)), "file")


def test_programs_are_code(tmp_path):
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        for name in ("data.pkl", "version", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"script/{name}", b"")
    with pytest.raises(CheckpointError, match="is a TorchScript program, which is code"):
        read_tensors(tmp_path / "script.pt", "file")


def loop():
    """A dictionary that holds itself."""
    inner = {}
    inner["model"] = inner
    return inner


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "holds a list, not a state dict"),
        (torch.zeros(3), "holds a Tensor, not a state dict"),
        ({}, "it holds no tensors, but nothing"),
        ({"epoch": 3, "lr": 0.1}, "it holds no tensors, but 'epoch', 'lr'"),
        ({"model": {}, "flownet": {}}, "it holds no tensors, but 'model', 'flownet'"),
        ({"model": {"model": 3}}, "it holds no tensors, but 'model'"),
        (loop(), "dictionaries in dictionaries"),
    ],
)
def test_what_is_no_state_dict(content, words):
    with pytest.raises(CheckpointError, match=words):
        read_tensors(saved(content), "file")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty; download it again"),
        (b"\n<!DOCTYPE html><html>Quota exceeded</html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "is a Git LFS pointer"),
        (b"7767517\n120 150\n", "is neither a torch file"),
        (pickle.dumps({"a": 1}, protocol=4), "cannot be read as tensors and plain data"),
    ],
)
def test_what_is_no_weight_file(data, words):
    with pytest.raises(CheckpointError, match=words):
        read_tensors(data, "file")


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.3, 0.4, 0.7, 0.99])
def test_a_file_cut_short(kind, share):
    data = WHOLE[kind]
    with pytest.raises(CheckpointError, match="download it again"):
        read_tensors(data[: int(len(data) * share)], "file")


def test_one_wrong_bit_in_the_weights_is_noticed():
    at = WHOLE["zip"].index(STATE["block0.weight"].numpy().tobytes()) + 17
    data = bytearray(WHOLE["zip"])
    data[at] ^= 1
    with pytest.raises(CheckpointError, match=r"the checksum of .*data/0 is wrong"):
        read_tensors(bytes(data), "file")


def test_repacked_files_are_read(tmp_path):
    path = tmp_path / "packed.pkl"
    with zipfile.ZipFile(io.BytesIO(WHOLE["zip"])) as old, zipfile.ZipFile(path, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert torch.equal(read_tensors(path, "file")["block0.bias"], STATE["block0.bias"])


def test_absurd_sizes_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(unpickle, "LIMIT", 10_000)
    big = saved({"a": torch.zeros(100, 100)})
    with pytest.raises(CheckpointError, match=r"has .* bytes, more than the 10,000"):
        read_tensors(big, "file")
    path = tmp_path / "bomb.pkl"
    with zipfile.ZipFile(io.BytesIO(big)) as old, zipfile.ZipFile(path, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert path.stat().st_size < 10_000
    with pytest.raises(CheckpointError, match="would unpack to more than 10,000 bytes"):
        read_tensors(path, "file")


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=150)
@given(data=st.data())
def test_no_damage_ends_in_a_traceback(kind, data):
    content = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        # Headers are where damage hurts; the rest is numbers.
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    message = ""
    try:
        read_tensors(bytes(content), "file")
    except CheckpointError as error:  # damage to a number may well go unnoticed
        message = str(error)
    assert "\n" not in message
