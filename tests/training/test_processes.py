"""Which process this is, and processes that die."""

import os
import signal
import subprocess
import sys
import time

import pytest

from lift15.training import processes
from lift15.training.plan import RunPlan
from lift15.training.processes import Place, start_and_watch
from lift15.training.trainer import check_machine, device_of
from vfiblocks.errors import TrainingError


@pytest.mark.parametrize(
    ("environment", "run", "place"),
    [
        ({}, RunPlan(), Place(0, 1)),
        ({}, RunPlan(devices=4), Place(0, 4)),
        ({"RANK": "5", "WORLD_SIZE": "8"}, RunPlan(devices=4, nodes=2), Place(5, 8, started=True)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, RunPlan(), Place(0, 1)),
        (
            {"SLURM_PROCID": "3", "SLURM_NTASKS": "8"},
            RunPlan(devices=8),
            Place(3, 8, started=True),
        ),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, RunPlan(), Place(0, 1)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, RunPlan(devices=4), Place(0, 4)),
    ],
)
def test_places(environment, run, place):
    assert Place.of(environment, run) == place


def test_numbers_that_do_not_agree():
    with pytest.raises(TrainingError, match=r"2 processes were started, but .*devices=1"):
        Place.of({"RANK": "0", "WORLD_SIZE": "2"}, RunPlan())
    with pytest.raises(TrainingError, match="8 processes were started"):
        Place.of({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, RunPlan(devices=4))
    with pytest.raises(TrainingError, match="torchrun or srun"):
        Place.of({}, RunPlan(nodes=2))


@pytest.fixture
def workers(monkeypatch):
    """Have other programs started in place of training processes."""
    real = subprocess.Popen
    started = []

    def use(code):
        def start(command, **options):
            started.append(real([sys.executable, "-c", code], **options))
            return started[-1]

        monkeypatch.setattr(processes.subprocess, "Popen", start)
        monkeypatch.setattr(processes, "PATIENCE", 0.5)
        return started

    return use


def test_all_ending_well_is_well(workers, tmp_path):
    started = workers("import os; assert os.environ['WORLD_SIZE'] == '2'")
    assert start_and_watch(tmp_path, 2) == 0
    assert len(started) == 2


def test_one_that_is_killed_takes_the_others_along(workers, tmp_path):
    started = workers(
        "import os, signal, time\n"
        "if os.environ['RANK'] == '1': os.kill(os.getpid(), signal.SIGKILL)\n"
        "time.sleep(60)\n"
    )
    begun = time.monotonic()
    with pytest.raises(TrainingError, match="process 1 of 3 was killed by SIGKILL"):
        start_and_watch(tmp_path, 3)
    assert time.monotonic() - begun < 20
    assert all(each.poll() is not None for each in started)


def test_one_that_fails_takes_the_others_along(workers, tmp_path):
    started = workers(
        "import os, sys, time\nif os.environ['RANK'] == '0': sys.exit(3)\ntime.sleep(60)\n"
    )
    assert start_and_watch(tmp_path, 2) == 3
    assert all(each.poll() is not None for each in started)


def test_signals_are_passed_on(workers, tmp_path):
    started = workers(
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        f"ready = Path({str(tmp_path)!r})\n"
        "(ready / os.environ['RANK']).touch()\n"
        "while len(list(ready.iterdir())) < 2: time.sleep(0.01)\n"
        "if os.environ['RANK'] == '0': os.kill(os.getppid(), signal.SIGTERM)\n"
        "time.sleep(60)\n"
    )
    before = signal.getsignal(signal.SIGTERM)
    begun = time.monotonic()
    assert start_and_watch(tmp_path, 2) == 0
    assert time.monotonic() - begun < 20
    assert signal.getsignal(signal.SIGTERM) is before
    assert all(each.poll() is not None for each in started)


def test_devices_that_are_not_there(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert device_of(RunPlan()) == "cpu"
    with pytest.raises(TrainingError, match="this machine has 0 GPUs"):
        device_of(RunPlan(device="cuda"))
    with pytest.raises(TrainingError, match=r"run\.device is auto, cpu or cuda, got 'tpu'"):
        device_of(RunPlan(device="tpu"))
    with pytest.raises(TrainingError, match="float16 trains on a GPU only"):
        check_machine(RunPlan(precision="float16"))
    with pytest.raises(TrainingError, match="fsdp shares the weights out over GPUs"):
        check_machine(RunPlan(strategy="fsdp"))
    assert os.environ.get("RANK") is None
