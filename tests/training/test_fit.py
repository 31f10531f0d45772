"""Whole runs of a tiny model, in this process."""

import copy
import math
import signal
import threading

import lightning.pytorch as pl
import pytest
import torch

from lift15.data import arrange
from lift15.data.sources.base import Clip, ClipSource
from lift15.training import feed, fit, keeping
from lift15.training.fit import train
from lift15.training.state import read_state
from lift15.training.watching import read_metrics
from vfiblocks import build_model, load, save
from vfiblocks.errors import DataError, TrainingError


class Kill(BaseException):
    """What no handler catches, as a kill would be."""


@pytest.fixture
def killed_at(monkeypatch):
    """Have a run end after a step, with whatever was saved by then."""

    def at(step, what=Kill):
        class Killing(keeping.Keeper):
            def on_train_batch_end(self, trainer, *rest):
                super().on_train_batch_end(trainer, *rest)
                if trainer.global_step == step:
                    raise what

        Killing.__qualname__ = "Keeper"  # by which its state is found
        monkeypatch.setattr(fit, "Keeper", Killing)

    yield at
    monkeypatch.undo()


def assert_same(one, other, where="state"):
    """Bit by bit, but for clocks."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            if key != "seconds":
                assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}.{index}")
    else:
        assert one == other, where


def test_a_run_leaves_all_that_it_should(smoke, tmp_path, capsys):
    said = []
    plan = smoke("run.pictures=1", "run.tensorboard=true", "run.validate_every=3")
    outcome = train(plan, tmp_path / "run", command=["vfi"], say=said.append)
    assert (outcome.state, outcome.step, outcome.steps) == ("finished", 6, 6)
    run = outcome.folder
    files = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert {
        "plan.toml",
        "spec.json",
        "data.json",
        "manifest.json",
        "metrics.csv",
        "checkpoints/last.ckpt",
        "checkpoints/best.ckpt",
        "model.safetensors",
    } <= files
    for folder in ("tensorboard/", "pictures/sample-0/"):
        assert any(name.startswith(folder) for name in files)
    assert not any("partial" in name for name in files)
    state = read_state(run / "checkpoints" / "last.ckpt")
    assert state["step"] == 6
    metrics = read_metrics(run)
    assert len(metrics["loss/total"]) == 6
    assert len(metrics["validation/psnr"]) == 2
    assert outcome.best["psnr"] == pytest.approx(max(metrics["validation/psnr"].values()), abs=1e-4)
    assert any("step 6 of 6" in line for line in said)
    assert capsys.readouterr() == ("", "")  # Lightning's own remarks are not for users


def test_the_weights_for_use_are_the_averaged_ones(smoke, tmp_path):
    run = train(smoke(), tmp_path / "run", say=str).folder
    state = read_state(run / "checkpoints" / "last.ckpt")
    used = load(run / "model.safetensors").state_dict()
    for name, tensor in used.items():
        assert torch.equal(tensor, state["average"][name]), name
    trained = state["state_dict"]
    assert any(not torch.equal(used[name], trained[f"model.{name}"]) for name in used)


def test_validation_is_of_the_weights_for_use(smoke, tmp_path):
    outcome = train(smoke(), tmp_path / "run", say=str)
    plan = smoke()
    model = load(outcome.folder / "model.safetensors")
    from lift15.training.scores import Scores

    scores = Scores()
    with torch.no_grad():
        for batch in feed.Feed(plan, model).validation():
            scores.add(batch, model(batch.inputs(), batch.window, batch.valid))
    assert scores.summary() == {k: v for k, v in outcome.best.items() if k != "step"}


@pytest.mark.parametrize(
    ("settings", "kills"),
    [
        (["run.save_every=2", "run.validate_every=3", "schedule.steps=5"], [3, 4]),
        (["run.save_every=1", "run.validate_every=2", "run.accumulate=2", "schedule.steps=3"], [2]),
        (["schedule.phases=[{batch=4},{data={layout={frames=[2]}}}]", "run.save_every=2"], [4]),
    ],
)
def test_going_on_is_as_if_nothing_had_happened(smoke, tmp_path, killed_at, settings, kills):
    plan = smoke(*settings)
    train(plan, tmp_path / "whole", say=str)
    for step in kills:
        killed_at(step)
        with pytest.raises(Kill):
            train(plan, tmp_path / "killed", say=str)
    killed_at(None)
    train(plan, tmp_path / "killed", say=str)
    for name in ("last.ckpt", "best.ckpt"):
        states = [read_state(tmp_path / run / "checkpoints" / name) for run in ("whole", "killed")]
        assert_same(*states)
    whole, killed = (read_metrics(tmp_path / run) for run in ("whole", "killed"))
    for name in ("loss/total", "validation/psnr"):
        assert whole[name] == killed[name]


def test_a_finished_run_is_left_alone(smoke, tmp_path):
    first = train(smoke(), tmp_path / "run", say=str)
    before = (tmp_path / "run" / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    again = train(smoke(), tmp_path / "run", say=str)
    assert again == first
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR1, marks=pytest.mark.slow),
    ],
)
def test_asked_to_stop_it_saves_where_it_is(smoke, tmp_path, monkeypatch, number):
    real = fit.Training.training_step
    before = signal.getsignal(number)

    def step(self, batch, index):
        if self.global_step == 3:
            signal.raise_signal(number)
        return real(self, batch, index)

    monkeypatch.setattr(fit.Training, "training_step", step)
    plan = smoke("run.save_every=100", "schedule.steps=50")
    outcome = train(plan, tmp_path / "run", say=str)
    assert (outcome.state, outcome.step) == ("interrupted", 4)
    assert read_state(tmp_path / "run" / "checkpoints" / "last.ckpt")["step"] == 4
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert signal.getsignal(number) is before


def test_it_stops_when_its_time_is_up(smoke, tmp_path):
    plan = smoke("run.minutes=1e-9", "schedule.steps=50")
    outcome = train(plan, tmp_path / "run", say=str)
    assert (outcome.state, outcome.step) == ("out of time", 1)
    assert train(plan, tmp_path / "run", say=str).step == 2


def test_minutes_count_for_saving_as_steps_do(smoke, tmp_path, monkeypatch):
    saved, real = [], keeping.write_state

    def write(path, state):
        saved.append(state["step"])
        return real(path, state)

    monkeypatch.setattr(keeping, "write_state", write)
    plan = smoke("run.save_every=100", "run.save_minutes=1e-9")
    train(plan, tmp_path / "run", say=str)
    assert saved[:5] == [1, 2, 3, 4, 5]


def test_weights_that_came_from_a_file_stand_still(smoke, tmp_path):
    source = save(build_model("rife"), tmp_path / "rife.safetensors")
    plan = smoke(
        f"model.encoder_from_rife={source}",
        "model.overrides.encoder.channels=[16, 32, 64, 32, 16]",
        "schedule.phases=[{freeze=['encoder'], length=1}, {length=1}]",
        "schedule.steps=2",
        "run.ema=0",
        "optimizer.weight_decay=0.1",
    )
    start = fit.start_model(plan.model, seed=0)
    assert start.filled
    states = {}

    class Spy(pl.Callback):
        def on_train_batch_end(self, trainer, module, *rest):
            states[trainer.global_step] = copy.deepcopy(module.model.state_dict())

    real = fit.make_trainer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "make_trainer", lambda p, c, *, steps: real(p, [*c, Spy()], steps=steps))
        train(plan, tmp_path / "run", say=str)
    initial = start.model.state_dict()
    for name, _ in start.model.named_parameters():
        moved = not torch.equal(states[1][name], initial[name])
        assert moved == (name not in start.filled), name
        assert not torch.equal(states[2][name], states[1][name]), name


class Flash(ClipSource):
    """Clips of noise; one of them makes every network overflow."""

    def __init__(self, *, bad: bool = False, broken: bool = False):
        self.name = "flash:"
        self.clips = tuple(Clip(f"c{i}", 15, f"s{i}") for i in range(8))
        self.bad, self.broken = bad, broken

    def read(self, clip, frames):
        if self.broken and clip == 3:
            raise DataError(f"{self.clips[clip].name}: cannot be decoded")
        noise = torch.Generator().manual_seed(clip)
        return torch.randint(0, 256, (len(frames), 3, 32, 32), generator=noise).byte()

    def data_hash(self):
        return "flash"


@pytest.fixture
def flash(monkeypatch):
    """Have every plan read the same source."""

    def use(**options):
        source = Flash(**options)
        monkeypatch.setattr(
            feed,
            "open_data",
            lambda plan, **rest: arrange(plan, train=[source], **rest),
        )

    return use


@pytest.mark.parametrize(
    ("poison", "said"),
    [
        (lambda module: module.model.refiner.net[-1].weight.data.fill_(math.nan), "term l1 is nan"),
        (lambda module: module.model.refiner.net[-1].weight.data.fill_(math.inf), "term l1 is"),
    ],
)
def test_numbers_that_are_none_end_the_run(smoke, tmp_path, monkeypatch, flash, poison, said):
    flash()
    real = fit.Training.training_step

    def step(self, batch, index):
        if self.global_step == 4:
            poison(self)
        return real(self, batch, index)

    monkeypatch.setattr(fit.Training, "training_step", step)
    plan = smoke("run.save_every=2", "schedule.steps=20")
    with pytest.raises(TrainingError) as caught:
        train(plan, tmp_path / "run", say=str)
    text = str(caught.value)
    assert text.startswith("diverged at step 4: the loss ")
    assert said in text
    assert "flash:/c" in text
    assert text.endswith(f"the last good state is {tmp_path / 'run' / 'checkpoints' / 'last.ckpt'}")
    state = read_state(tmp_path / "run" / "checkpoints" / "last.ckpt")
    assert state["step"] == 4
    assert all(bool(t.isfinite().all()) for t in state["state_dict"].values())
    manifest = (tmp_path / "run" / "manifest.json").read_text()
    assert '"state": "diverged"' in manifest


def test_a_bad_gradient_never_reaches_the_weights(smoke, tmp_path, monkeypatch, flash):
    flash()
    real = fit.Training.on_after_backward

    def after(self):
        real(self)
        if self.global_step == 2:
            self.model.refiner.net[-1].bias.grad.fill_(math.inf)

    monkeypatch.setattr(fit.Training, "on_after_backward", after)
    plan = smoke("run.save_every=1", "schedule.steps=20")
    with pytest.raises(TrainingError, match=r"gradient of refiner.net.*bias is not finite"):
        train(plan, tmp_path / "run", say=str)


def test_a_loss_that_stays_high_ends_the_run_before_it_is_saved(
    smoke, tmp_path, monkeypatch, flash
):
    flash()
    real = fit.Training.training_step

    def step(self, batch, index):
        return real(self, batch, index) * (1000.0 if self.global_step >= 8 else 1.0)

    def look(self, loss, size, seen, names):
        real_look(self, loss * (1000.0 if self.global_step >= 8 else 1.0), size, seen, names)

    real_look = fit.Training._look
    monkeypatch.setattr("lift15.training.divergence.LEAST", 5)
    monkeypatch.setattr(fit.Training, "training_step", step)
    monkeypatch.setattr(fit.Training, "_look", look)
    plan = smoke(
        "run.save_every=1",
        "schedule.steps=40",
        "run.diverged_steps=4",
        "run.log_every=100",
    )
    with pytest.raises(
        TrainingError, match=r"over 10 times its running median .* 4 steps in a row"
    ):
        train(plan, tmp_path / "run", say=str)
    assert read_state(tmp_path / "run" / "checkpoints" / "last.ckpt")["step"] == 8


def test_bad_data_ends_the_run_in_one_line_or_is_skipped(smoke, tmp_path, flash):
    flash(broken=True)
    plan = smoke("schedule.steps=12", "data.held_out=0", "run.log_every=100")
    with pytest.raises(DataError, match="c3: cannot be decoded"):
        train(plan, tmp_path / "run", say=str)
    plan = smoke("schedule.steps=12", "data.held_out=0", "data.skip_bad=true")
    assert train(plan, tmp_path / "skipped", say=str).state == "finished"


DEAD = RuntimeError("DataLoader worker (pid 12000) is killed by signal: Terminated. ")


@pytest.mark.parametrize("asked", [True, False])
def test_a_loading_process_that_dies(smoke, tmp_path, monkeypatch, asked):
    """As when a cluster asks all processes of a job to end; torch raises it wherever it is."""
    real = fit.Training.training_step

    def step(self, batch, index):
        if self.global_step == 4:
            if asked:
                signal.raise_signal(signal.SIGTERM)
            raise DEAD
        return real(self, batch, index)

    monkeypatch.setattr(fit.Training, "training_step", step)
    plan = smoke("run.save_every=3")
    if asked:
        outcome = train(plan, tmp_path / "run", say=str)
        assert (outcome.state, outcome.step) == ("interrupted", 3)
    else:
        with pytest.raises(DataError, match=r"a process that loads data died .*Terminated"):
            train(plan, tmp_path / "run", say=str)
    monkeypatch.setattr(fit.Training, "training_step", real)
    assert train(plan, tmp_path / "run", say=str).state == "finished"


def test_a_full_disk_keeps_the_state_before(smoke, tmp_path, monkeypatch):
    plan = smoke("run.save_every=2")
    real = keeping.write_state

    def write(path, state):
        if state["step"] == 4:
            raise TrainingError(f"cannot write {path}: No space left on device")
        return real(path, state)

    monkeypatch.setattr(keeping, "write_state", write)
    with pytest.raises(TrainingError, match="No space left on device"):
        train(plan, tmp_path / "run", say=str)
    assert read_state(tmp_path / "run" / "checkpoints" / "last.ckpt")["step"] == 2
    monkeypatch.setattr(keeping, "write_state", real)
    assert train(plan, tmp_path / "run", say=str).state == "finished"


@pytest.mark.parametrize(
    "setting",
    [
        "run.precision=bfloat16",
        pytest.param("run.channels_last=true", marks=pytest.mark.slow),
        pytest.param("run.strategy=ddp", marks=pytest.mark.slow),
        pytest.param("run.compile=true", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_other_ways_to_compute(smoke, tmp_path, setting):
    plan = smoke(setting, "schedule.steps=2")
    assert train(plan, tmp_path / "run", say=str).state == "finished"
    weights = load(tmp_path / "run" / "model.safetensors").state_dict()
    assert all(t.dtype == torch.float32 for t in weights.values() if t.is_floating_point())


def test_losses_are_taken_in_float32(smoke, tmp_path, monkeypatch):
    seen = []

    class Spy(torch.nn.Module):
        @property
        def weights(self):
            return {"l1": 1.0}

        def at(self, progress):
            seen.append(progress)
            return self

        def forward(self, result, truth, window):
            from lift15.training.objective import Measured

            assert result.image.dtype == torch.float32
            assert result.motion.flow.dtype == torch.float32
            assert not torch.is_autocast_enabled("cpu")
            loss = (result.image - truth.image).abs().mean()
            return Measured(loss, {"l1": loss.detach()})

    monkeypatch.setattr("lift15.training.module.build_objective", lambda *_: Spy())
    plan = smoke("run.precision=bfloat16", "schedule.steps=4")
    train(plan, tmp_path / "run", say=str)
    assert seen == [0, 0.25, 0.5, 0.75]


def test_outside_of_the_main_thread_there_are_no_signals(smoke, tmp_path):
    outcome = []
    plan = smoke("schedule.steps=1")
    thread = threading.Thread(
        target=lambda: outcome.append(train(plan, tmp_path / "run", say=str).state)
    )
    thread.start()
    thread.join()
    assert outcome == ["finished"]
