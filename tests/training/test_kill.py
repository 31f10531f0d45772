"""kill -9 at random moments, in processes of their own."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

from lift15.training.state import read_state
from lift15.training.watching import read_metrics

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CODE = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from lift15.training.fit import train
from lift15.training.plan import read_plan
train(read_plan(Path(sys.argv[1]).read_text()), sys.argv[2], say=str)
"""


def start(plan, folder):
    return subprocess.Popen([sys.executable, "-c", CODE, str(plan), str(folder)])


@pytest.mark.parametrize("workers", [0, 1])
def test_killed_three_times_it_ends_with_the_same_weights(smoke, tmp_path, workers):
    plan = tmp_path / "plan.toml"
    settings = [
        "schedule.steps=40",
        "run.validate_every=7",
        "run.save_every=4",
        f"run.workers={workers}",
    ]
    plan.write_text(smoke(*settings).to_toml())
    begun = time.monotonic()
    assert start(plan, tmp_path / "whole").wait() == 0
    whole = time.monotonic() - begun
    killed, last = tmp_path / "killed", tmp_path / "killed" / "checkpoints" / "last.ckpt"
    chance = random.Random(os.environ.get("VFI_KILL_SEED") or time.time_ns())
    kills = []
    for _ in range(3):
        process = start(plan, killed)
        before = read_state(last)["step"] if last.exists() else 0
        # somewhere after it has gone on for a bit: importing torch takes longer than a step
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if last.exists() and read_state(last)["step"] > before:
                break
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.1 * whole))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills.append(read_state(last)["step"])
    assert start(plan, killed).wait() == 0
    for name in ("last.ckpt", "best.ckpt"):
        one, other = (
            read_state(tmp_path / run / "checkpoints" / name) for run in ("whole", "killed")
        )
        assert one["step"] == other["step"], kills
        for part in ("state_dict", "average"):
            for key in one[part]:
                assert torch.equal(one[part][key], other[part][key]), (kills, name, key)
        states = (s["optimizer_states"][0]["state"] for s in (one, other))
        for a, b in zip(*(s.values() for s in states), strict=True):
            assert all(torch.equal(a[key], b[key]) for key in a), (kills, name)
    assert not list(killed.rglob("*.partial"))
    names = ("loss/total", "validation/psnr")
    whole_metrics, killed_metrics = (read_metrics(tmp_path / run) for run in ("whole", "killed"))
    for name in names:
        assert whole_metrics[name] == killed_metrics[name], kills
