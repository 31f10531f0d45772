"""Two processes on one machine do what one does."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch

from lift15.training.fit import train
from lift15.training.plan import changed
from lift15.training.state import read_state
from vfiblocks import load
from vfiblocks.errors import TrainingError

pytestmark = pytest.mark.slow

ALIKE = (
    "run.batch=4",
    "model.overrides.aggregator.dropout=0.0",
    "data.per_clip=3",
    "run.validate_at_most=3",
)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def first_gradients(folder):
    """What Adam remembers of a single step is the gradient."""
    state = read_state(folder / "checkpoints" / "last.ckpt")["optimizer_states"][0]
    return {key: each["exp_avg"] / (1 - 0.9) for key, each in state["state"].items()}


@pytest.mark.parametrize("accumulate", [1, 2])
def test_gradients_and_validation_are_those_of_one_process(smoke, tmp_path, accumulate):
    outcomes = {}
    for count in (1, 2):
        plan = smoke(
            *ALIKE,
            "schedule.steps=1",
            "optimizer.clip=0",
            f"run.devices={count}",
            f"run.accumulate={accumulate}",
        )
        outcomes[count] = train(plan, tmp_path / f"{count}", say=str)
    one, two = (first_gradients(tmp_path / f"{count}") for count in (1, 2))
    assert one.keys() == two.keys()
    for key in one:
        torch.testing.assert_close(one[key], two[key], rtol=0, atol=1e-6)
    assert any(float(gradient.abs().max()) > 1e-3 for gradient in one.values())
    assert outcomes[1].best["pictures"] == 3  # two and one, among two
    assert outcomes[1].best["psnr_of_mean"] == outcomes[2].best["psnr_of_mean"]
    assert outcomes[1].best["psnr"] == pytest.approx(outcomes[2].best["psnr"], abs=1e-3)


def test_the_same_weights_are_validated_the_same(smoke, tmp_path):
    """Bit by bit: from one state, with one process and with two."""
    scores = {}
    for count in (1, 2):
        # without a learning rate worth the name both still have the weights they began with
        plan = smoke(*ALIKE, "schedule.steps=1", "optimizer.lr=1e-30", f"run.devices={count}")
        scores[count] = train(plan, tmp_path / f"{count}", say=str).best
    assert scores[1] == scores[2]


def test_a_process_that_dies_ends_the_run_and_it_goes_on(smoke, tmp_path):
    plan = smoke("run.devices=2", "schedule.steps=400", "run.save_every=5", "run.validate_every=0")
    folder = tmp_path / "run"
    killed = []

    def kill():
        last = folder / "checkpoints" / "last.ckpt"
        deadline = time.monotonic() + 120
        while not last.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        command = ["pgrep", "-f", f"lift15.training.worker {folder}"]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        killed.append(int(found[-1]))
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(TrainingError, match=r"was killed by SIGKILL.*vfi train --resume"):
        train(plan, folder, say=str)
    thread.join()
    assert killed
    step = read_state(folder / "checkpoints" / "last.ckpt")["step"]
    assert 5 <= step < 400
    manifest = (folder / "manifest.json").read_text()
    assert "SIGKILL" in manifest

    # and on with one process: that is no other run
    timed = changed(plan, ["run.devices=1", "run.minutes=0.05"])
    outcome = train(timed, folder, say=str)
    assert outcome.step > step


SHARING = """
import sys, torch
torch.set_num_threads(1)
from lightning.pytorch.trainer.connectors.accelerator_connector import _AcceleratorConnector
from torch.distributed.fsdp import FullyShardedDataParallel
from lift15.training import fit, worker
# Lightning and our own plan want a GPU for this; torch does not
_AcceleratorConnector._check_strategy_and_fallback = lambda self: None
fit.check_machine = lambda run: None
wrap = FullyShardedDataParallel.__init__
def on_cpu(self, *rest, **options):
    wrap(self, *rest, **{**options, "device_id": torch.device("cpu")})
FullyShardedDataParallel.__init__ = on_cpu
sys.exit(worker.main(sys.argv[1]))
"""


def test_weights_shared_out_are_the_same_weights(smoke, tmp_path, monkeypatch):
    """FSDP, as far as it goes on CPUs: through validations, and over an interruption."""
    from lift15.training import fit, processes

    real = subprocess.Popen
    monkeypatch.setattr(fit, "check_machine", lambda run: None)
    monkeypatch.setattr(
        processes.subprocess,
        "Popen",
        lambda command, **rest: real([sys.executable, "-c", SHARING, command[-1]], **rest),
    )
    settings = (*ALIKE, "run.validate_every=2", "run.save_every=1")
    train(smoke(*settings), tmp_path / "whole", say=str)
    shared = smoke(*settings, "run.devices=2", "run.strategy=fsdp", "run.minutes=1e-9")
    steps = [train(shared, tmp_path / "shared", say=str).step]
    steps.append(train(changed(shared, ["run.minutes=0"]), tmp_path / "shared", say=str).step)
    assert steps == [1, 6]
    one, other = (
        read_state(tmp_path / run / "checkpoints" / "last.ckpt") for run in ("whole", "shared")
    )
    assert one["gauge"]["losses"] == pytest.approx(other["gauge"]["losses"], abs=1e-4)
    for part in ("state_dict", "average"):
        assert one[part].keys() == other[part].keys()
        for name, tensor in one[part].items():
            torch.testing.assert_close(other[part][name], tensor, rtol=0, atol=5e-4, msg=name)
    used = load(tmp_path / "shared" / "model.safetensors")
    assert used.spec == load(tmp_path / "whole" / "model.safetensors").spec


def test_torchrun(smoke, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(smoke(*ALIKE, "run.devices=2").to_toml())
    vfi = os.path.join(os.path.dirname(sys.executable), "vfi")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--no-python"]
    done = subprocess.run(
        [*launcher, vfi, "train", "--plan", str(plan), "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("finished after 6 steps") == 1  # the first process speaks for all
    assert read_state(tmp_path / "run" / "checkpoints" / "last.ckpt")["step"] == 6


def test_divergence_in_one_process_is_known_to_all(smoke, tmp_path):
    code = (
        "import math, os, sys\n"
        "from pathlib import Path\n"
        "from lift15.training import fit, worker\n"
        "real = fit.Training.training_step\n"
        "def step(self, batch, index):\n"
        "    if self.global_step == 2 and os.environ['RANK'] == '1':\n"
        "        batch.target = batch.target.float()\n"
        "        batch.truth = lambda: type(self).bad(batch)\n"
        "    return real(self, batch, index)\n"
        "def bad(batch):\n"
        "    from vfiblocks import Truth\n"
        "    return Truth(batch.target * math.nan)\n"
        "fit.Training.bad = staticmethod(bad)\n"
        "fit.Training.training_step = step\n"
        "sys.exit(worker.main(sys.argv[1]))\n"
    )
    from lift15.training import processes
    from lift15.training.fit import prepare
    from lift15.training.run_folder import RunFolder

    plan = smoke("run.devices=2", "run.save_every=1", "run.validate_every=0")
    run = RunFolder(tmp_path / "run")
    module, feed = prepare(plan, say=str)
    run.make()
    run.begin(plan, module.model.spec, feed.lists(), command=[])
    real = subprocess.Popen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            processes.subprocess,
            "Popen",
            lambda command, **rest: real([sys.executable, "-c", code, command[-1]], **rest),
        )
        assert processes.start_and_watch(run.path, 2) == 1
    assert run.manifest()["state"] == "diverged"
    assert "step 2: the loss term l1 is nan; batch: generated:" in run.manifest()["reason"]
