"""``vfi train`` from outside: what it says, and what it says no to."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from vfiblocks import load

GENERATED = "generated:?clips=6&height=32&width=32"
PLAIN = (
    "--preset",
    "smoke",
    "--set",
    "run.pictures=0",
    "--set",
    "run.tensorboard=false",
    "--set",
    "schedule.steps=3",
)


def folder_of_pictures(path: Path, *, frames: int, size: tuple[int, int] = (32, 40)) -> Path:
    path.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for index in range(frames):
        picture = noise.integers(0, 256, (*size, 3), dtype=np.uint8)
        cv2.imwrite(str(path / f"{index:04d}.png"), picture)
    return path


def test_from_nothing_to_a_model_and_on(vfi, tmp_path):
    run = tmp_path / "run"
    command = ("train", "lift15-tiny", "--data", GENERATED, *PLAIN, "--out", run)
    done = vfi(*command)
    assert done.code == 0, done.err
    assert done.out == ""
    assert "finished after 3 steps" in done.err
    assert f"weights: {run / 'model.safetensors'}" in done.err
    assert "Traceback" not in done.err
    assert load(run / "model.safetensors").spec.encoder.name == "pyramid"
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["state"] == "finished"
    assert manifest["sessions"][0]["command"][1:3] == ["train", "lift15-tiny"]
    again = vfi(*command)
    assert (again.code, "finished after 3 steps" in again.err) == (0, True)
    assert vfi("train", "--resume", run).code == 0


def test_the_plan_of_a_run_makes_the_same_run(vfi, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    vfi("train", "--data", GENERATED, *PLAIN, "--out", one)
    vfi("train", "--plan", one / "plan.toml", "--out", other)
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    assert (one / "plan.toml").read_text() == (other / "plan.toml").read_text()


def test_the_default_folder_is_the_same_every_time(vfi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert vfi("train", "--data", GENERATED, *PLAIN).code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert next((tmp_path / "runs").iterdir()).name.startswith("lift15-tiny-")


def test_show_plan_prints_a_plan(vfi, tmp_path):
    shown = vfi("train", "rife", "--data", GENERATED, "--preset", "cpu", "--show-plan")
    file = tmp_path / "plan.toml"
    file.write_text(shown.out)
    again = vfi("train", "--plan", file, "--show-plan")
    assert again.out == shown.out
    assert 'name = "rife"' in shown.out


def test_dry_run_says_what_would_be_and_leaves_nothing(vfi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    phases = 'schedule.phases=[{name="one"},{name="two",data={augmentation={crop=[16,16]}}}]'
    done = vfi("train", "--data", GENERATED, *PLAIN, "--dry-run", "--set", phases)
    assert done.code == 0, done.err
    found = dict(line.split("\t") for line in done.out.splitlines()[1:])
    assert re.fullmatch(r"\d+ to train, \d to validate", found["windows"])
    assert found["steps"].startswith("3, 6 samples")
    assert found["parameters"] == "284,531"
    assert "GB per process" in found["memory, phase 'one'"]
    assert found["time, phase 'two'"].endswith("s per step")
    assert found["time in all"].startswith("about ")
    assert not list(tmp_path.iterdir())


def test_interrupted_it_says_how_to_go_on(vfi, tmp_path, monkeypatch):
    from lift15.training import fit

    real = fit.Training.training_step

    def step(self, batch, index):
        if self.global_step == 2:
            signal.raise_signal(signal.SIGINT)
        return real(self, batch, index)

    monkeypatch.setattr(fit.Training, "training_step", step)
    run = tmp_path / "run"
    settings = ("--set", "schedule.steps=50", "--set", "run.validate_every=0")
    done = vfi("train", "--data", GENERATED, *PLAIN, *settings, "--out", run)
    assert done.code == 130
    assert done.err.splitlines()[-1] == (
        f"vfi: interrupted after step 3 of 50, saved after step 3; vfi train --resume {run} goes on"
    )
    monkeypatch.setattr(fit.Training, "training_step", real)
    settings = ("--set", "run.minutes=1e-9")
    done = vfi("train", "--resume", run, *settings)
    assert done.code == 75
    assert "out of time after step 4 of 50" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a model to train"),
        (("lift15-tiny",), "there is nothing to learn from: give --data KIND:PATH"),
        (("lift15-tny", "--data", GENERATED), "did you mean 'lift15-tiny'"),
        (("classical", "--data", GENERATED), "model 'classical' has no weights to train"),
        (("lift15-tiny", "--data", "generaed:"), "unknown source 'generaed'; did you mean"),
        (("lift15-tiny", "--data", "videos:/nowhere"), "/nowhere"),
        (("lift15-tiny", "--data", "frames:/nowhere"), "/nowhere"),
        (("--preset", "huge", "--data", GENERATED), "no preset is called 'huge'"),
        (
            ("--preset", "smoke", "--data", GENERATED, "--set", "optimiser.lr=1"),
            "the plan has no optimiser; did you mean optimizer?",
        ),
        (
            ("--preset", "smoke", "--data", GENERATED, "--set", "loss={l2 = 1.0}"),
            "unknown loss 'l2'",
        ),
        (
            ("--preset", "smoke", "--data", GENERATED, "--set", "data.augmentation.crop=[64, 64]"),
            "64x64",
        ),
        (
            ("--preset", "smoke", "--data", GENERATED, "--set", "run.device=cuda"),
            "this machine has 0 GPUs",
        ),
        (
            ("--preset", "smoke", "--data", GENERATED, "--set", "run.batch=3", "--set",
             "run.devices=2"),
            "a batch of 3 cannot be dealt out to 2 processes",
        ),
        (("--plan", "/nowhere.toml"), "cannot read the plan /nowhere.toml"),
        (("--resume", "/nowhere"), "/nowhere is no run folder"),
        (("lift15-tiny", "--resume", "/nowhere"), "leave out MODEL, or leave out --resume"),
        (
            ("--preset", "smoke", "--data", "generated:?clips=1&height=32&width=32"),
            "held_out",
        ),
        (
            ("--preset", "smoke", "--data", "generated:?frames=2&height=32&width=32"),
            "layout hole of 14 frames needs 3",
        ),
        (
            ("--preset", "smoke", "--data", GENERATED, "--set", "model.start_from=x.safetensors"),
            "no checkpoint at x.safetensors",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(refused, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert said in refused("train", *arguments)
    assert not list(tmp_path.rglob("*.ckpt"))


def test_another_plan_in_a_run_folder(refused, vfi, tmp_path):
    run = tmp_path / "run"
    vfi("train", "--data", GENERATED, *PLAIN, "--out", run)
    said = refused("train", "rife", "--data", GENERATED, *PLAIN, "--out", run)
    assert "holds another run: model.name was 'lift15-tiny', now 'rife'" in said
    said = refused("train", "--resume", run, "--set", "run.batch=4")
    assert "run.batch was 2, now 4" in said


def test_real_folders_with_faults(refused, vfi, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert str(empty) in refused("train", "--data", f"frames:{empty}", *PLAIN)
    clips = tmp_path / "clips"
    for name in ("a", "b", "c", "d"):
        folder_of_pictures(clips / name, frames=16)
    (clips / "b" / "0007.png").write_bytes(b"no picture")
    out = tmp_path / "run"
    settings = ("--set", "schedule.steps=20", "--set", "data.held_out=0.0")
    arguments = ("train", "--data", f"frames:{clips}", *PLAIN, *settings, "--out", out)
    line = refused(*arguments)
    assert "0007.png" in line
    done = vfi(*arguments[:-1], tmp_path / "other", "--skip-bad")
    assert done.code == 0, done.err


def test_without_lightning_it_says_what_to_install():
    code = (
        "import sys\n"
        "import lift15.cli\n"
        "heavy = {'lightning', 'lpips', 'tensorboard', 'torchmetrics', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "sys.modules['lightning'] = None\n"
        "sys.argv = ['vfi', 'train', '--preset', 'smoke', '--data', 'generated:']\n"
        "lift15.cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
    assert done.returncode == 1
    assert done.stderr.strip() == "vfi: training needs lightning: pip install 'vfiblocks[train]'"
