"""What is written down of a run, whole or not at all."""

import errno
import json
import os
import subprocess
import sys

import pytest
import torch

from lift15.training.atomic import give_name, write_json, write_text, write_whole
from lift15.training.plan import changed
from lift15.training.run_folder import RunFolder, git_state
from lift15.training.state import read_state, write_state
from vfiblocks import build_model, find_spec
from vfiblocks.errors import CheckpointError, TrainingError

DATA = {"train": {"hash": "1"}, "validation": {"hash": "2"}}
TINY = find_spec("lift15-tiny")


@pytest.fixture
def begun(tmp_path, smoke):
    run = RunFolder(tmp_path / "run")
    run.make()
    run.begin(smoke(), TINY, DATA, command=["vfi", "train"])
    write_state(run.last, {"format": 1, "step": 1})
    return run


def test_everything_needed_to_do_it_again_is_there(begun, smoke):
    assert begun.plan() == smoke()
    manifest = begun.manifest()
    assert manifest["state"] == "running"
    assert manifest["spec"] == TINY.fingerprint
    assert manifest["plan"] == smoke().fingerprint
    assert manifest["seed"] == 0
    assert manifest["data"] == {"train": "1", "validation": "2"}
    assert {"torch", "python", "lightning"} <= manifest["versions"].keys()
    assert manifest["sessions"][0]["command"] == ["vfi", "train"]
    assert json.loads((begun.path / "data.json").read_text()) == DATA


def test_going_on_is_another_session(begun, smoke):
    begun.note(step=5)
    begun.begin(smoke("run.workers=1", "run.save_every=7"), TINY, DATA, command=["again"])
    manifest = begun.manifest()
    assert [each["command"] for each in manifest["sessions"]] == [["vfi", "train"], ["again"]]
    assert manifest["step"] == 5
    assert begun.plan().run.workers == 1  # which is what processes read that are started for it


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("optimizer.lr=0.5", "optimizer.lr was 0.001, now 0.5"),
        ("loss={charbonnier = 1.0}", "loss.l1 was 1.0, now not given; loss.charbonnier was not"),
        ("schedule.steps=7", "schedule.steps was 6, now 7"),
    ],
)
def test_another_plan_is_refused_with_what_differs(begun, smoke, setting, said):
    with pytest.raises(TrainingError, match="holds another run: ") as caught:
        begun.begin(smoke(setting), TINY, DATA, command=[])
    assert said in str(caught.value)


def test_another_model_or_other_data_are_refused(begun, smoke):
    with pytest.raises(TrainingError, match=r"refiner\.options\.blocks was 1, now 2"):
        begun.begin(
            smoke(),
            build_model(TINY, refiner={"blocks": 2}).spec,
            DATA,
            command=[],
        )
    with pytest.raises(TrainingError, match="the data are not what they were"):
        begun.begin(smoke(), TINY, {**DATA, "train": {"hash": "9"}}, command=[])


def test_the_same_data_may_lie_elsewhere(begun, smoke):
    moved = changed(smoke(), ['data.train=["generated:?clips=7"]'])
    with pytest.raises(TrainingError, match=r"data\.train was"):
        begun.begin(moved, TINY, {**DATA, "train": {"hash": "9"}}, command=[])
    begun.begin(moved, TINY, DATA, command=[])  # the hashes say that they are the same
    assert begun.plan() == moved


def test_one_at_a_time(begun):
    left = begun.checkpoints / ".last.ckpt.12345678.partial"
    left.touch()
    with begun.alone():
        assert not left.exists()  # what a kill left behind
        with pytest.raises(TrainingError, match="another vfi train is at work"), begun.alone():
            pass
    with begun.alone():
        pass


def test_a_run_that_came_to_nothing_may_be_another(begun, smoke):
    begun.last.unlink()
    begun.begin(smoke("optimizer.lr=0.5"), TINY, DATA, command=["other"])
    assert begun.plan().optimizer.lr == 0.5


def test_foreign_folders_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(TrainingError, match="is not empty and no run folder"):
        RunFolder(tmp_path).make()
    with pytest.raises(TrainingError, match=r"is no run folder: it has no plan.toml"):
        RunFolder(tmp_path).plan()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    blocked = tmp_path / "thesis.txt" / "run"
    with pytest.raises(TrainingError, match="cannot make"):
        RunFolder(blocked).make()


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = write_text(tmp_path / "note.txt", "old")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError) as caught:
        write_text(path, "new")
    assert str(caught.value) == (
        f"cannot write {path}: No space left on device; the earlier note.txt is kept"
    )
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["note.txt"]


def test_a_second_name_where_there_are_no_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    last = write_text(tmp_path / "last", "one")
    best = give_name(last, write_text(tmp_path / "best", "old"))
    write_text(last, "two")
    assert best.read_text() == "one"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_size_limit_keeps_the_old_state(tmp_path):
    """The kernel itself refuses the bytes, in the middle of torch's writing."""
    path = write_state(tmp_path / "last.ckpt", {"format": 1, "step": 1})
    code = (
        "import resource, signal, sys, torch\n"
        "from pathlib import Path\n"
        "from lift15.training.atomic import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    write_whole(Path(sys.argv[1]), lambda f: torch.save({'w': torch.ones(10**6)}, f))\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("TrainingError cannot write ")
    assert "the earlier last.ckpt is kept" in said
    assert read_state(path)["step"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["last.ckpt"]


def test_nothing_of_ours_is_half_written(tmp_path):
    def fails(file):
        file.write(b"half")
        raise RuntimeError("[enforce fail at inline_container.cc] unexpected pos 64 vs 0")

    with pytest.raises(TrainingError, match=r"cannot write .*unexpected pos"):
        write_whole(tmp_path / "x", fails)
    assert not list(tmp_path.iterdir())
    assert json.loads(write_json(tmp_path / "x", {"a": [1]}).read_text()) == {"a": [1]}


@pytest.mark.parametrize("content", [b"", b"not a state", b"PK\x03\x04 torn"])
def test_damaged_states_are_named(tmp_path, content):
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"last\.ckpt is damaged or no state of a run"):
        read_state(path)
    with pytest.raises(CheckpointError, match=r"cannot read .*No such file"):
        read_state(tmp_path / "none.ckpt")


def test_states_are_no_place_for_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    torch.save({"format": 1, "x": Evil()}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError):
        read_state(tmp_path / "last.ckpt")
    assert not (tmp_path / "owned").exists()
    torch.save({"format": 99}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match="format 1"):
        read_state(tmp_path / "last.ckpt")


def test_git_is_looked_at_and_not_needed(tmp_path):
    assert git_state(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "x").write_text("1")
    subprocess.run([*git, "add", "x"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    assert git_state(tmp_path)["changed"] is False
    (tmp_path / "x").write_text("2")
    assert git_state(tmp_path)["changed"] is True
