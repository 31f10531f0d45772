"""Saving is whole or not at all."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from vfiblocks import Interpolator, build_model, dry_run, find_spec, load, save
from vfiblocks.errors import CheckpointError


@pytest.fixture(scope="module")
def tiny() -> Interpolator:
    return build_model("lift15-tiny")


@pytest.mark.parametrize("name", ["model.pt", "model", "model.safetensors.bak"])
def test_other_suffixes_are_refused(tiny: Interpolator, tmp_path: Path, name: str):
    with pytest.raises(CheckpointError, match=r"saved as \.safetensors, got .*; change the suffix"):
        save(tiny, tmp_path / name)


def test_folder_that_is_not_there(tiny: Interpolator, tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"cannot write .*: No such file or directory"):
        save(tiny, tmp_path / "no" / "model.safetensors")


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("save_file", OSError(28, "No space left on device")),
        ("save_file", SafetensorError("I/O error: no space left")),
        ("os.replace", PermissionError(13, "Permission denied")),
        ("save_file", KeyboardInterrupt()),
    ],
)
def test_failure_in_the_middle_leaves_the_old_file(
    tiny: Interpolator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: BaseException,
):
    path = save(tiny, tmp_path / "model.safetensors")
    before = path.read_bytes()

    def fail(_: Any, target: Any, **__: Any) -> None:
        if step == "save_file":
            Path(target).write_bytes(b"half a file")
        raise error

    monkeypatch.setattr(f"vfiblocks.checkpoints.{step}", fail)
    expected = CheckpointError if isinstance(error, Exception) else KeyboardInterrupt
    with pytest.raises(expected):
        save(build_model("lift15-tiny"), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]  # and no half file beside it


def test_replacing_leaves_one_file(tiny: Interpolator, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    for note in ("first", "second"):
        assert save(tiny, path, facts={"note": note}) == path
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_others_may_read_the_file(tiny: Interpolator, tmp_path: Path):
    """With the permissions of any new file, not those of a private temporary one."""
    beside = tmp_path / "plain"
    beside.touch()
    path = save(tiny, tmp_path / "model.safetensors")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


def test_a_dry_run_has_nothing_to_save(tmp_path: Path):
    with pytest.raises(CheckpointError, match="the model is a dry run and has no weights"):
        save(dry_run(find_spec("lift15-tiny")), tmp_path / "model.safetensors")
    assert os.listdir(tmp_path) == []


def test_layout_in_memory_does_not_matter(tmp_path: Path):
    model = build_model("lift15-tiny").to(memory_format=torch.channels_last)
    loaded = load(save(model, tmp_path / "model.safetensors"))
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


def test_saving_does_not_touch_the_model(tiny: Interpolator, tmp_path: Path):
    tiny.train()
    save(tiny, tmp_path / "model.safetensors")
    assert tiny.training
    assert all(p.requires_grad for p in tiny.parameters())


def test_weights_are_stored_in_half_and_come_back_whole(tmp_path: Path):
    model = build_model("lift15-tiny")
    whole = save(model, tmp_path / "whole.safetensors")
    half = save(model, tmp_path / "half.safetensors", dtype=torch.float16)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    for name, value in load(half).state_dict().items():
        assert value.dtype == model.state_dict()[name].dtype
        assert torch.equal(value, model.state_dict()[name].half().to(value.dtype))
