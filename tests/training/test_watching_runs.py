"""Runs of a few steps under Lightning: what is recorded, and that watching changes nothing."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lift15.data.batch import Batch
from lift15.training import Measured, Objective, Term
from lift15.training.averaging import Average
from lift15.training.watching import read_metrics, watchers
from lift15.training.watching.journal import Journal
from lift15.training.watching.optimizer import stage_norms
from lift15.training.watching.pictures import PictureWatch, evaluating, first_samples
from vfiblocks import Interpolation, Window, build_model
from vfiblocks.errors import MissingDependency
from vfiblocks.losses import L1, Charbonnier

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

TIMED = ("speed/", "memory/")
CLIP = 0.01  # far below the norms that come


class Clips(Dataset[Batch]):
    """Batch k is the same whoever asks; its first sample lacks its outermost frame."""

    def __init__(
        self, window: Window, length: int, *, start: int = 0, seconds: float = 0.0
    ) -> None:
        self.window, self.length, self.start, self.seconds = window, length, start, seconds

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        if index >= self.length:
            raise IndexError
        time.sleep(self.seconds)
        index += self.start
        generator = torch.Generator().manual_seed(index)
        shape = (2, len(self.window) + 1, 3, 32, 32)
        frames = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        valid = torch.ones(2, len(self.window), dtype=torch.bool)
        valid[0, 0] = len(self.window) == 2
        names = (f"clip {index}:0", f"clip {index}:1")
        return Batch(frames[:, 1:], valid, frames[:, 0], self.window, names)


class Lesson(pl.LightningModule):
    """The least that can be watched, with notes of its own to compare with."""

    def __init__(self, name: str = "lift15-tiny") -> None:
        super().__init__()
        torch.manual_seed(1)
        self.model = build_model(name)
        self.objective = Objective({"l1": Term(L1()), "near": Term(Charbonnier(), 0.5, starts=0.4)})
        self.average: Average | None = Average(self.model, keep=0.5)
        self.last: tuple[Batch, Interpolation, Measured] | None = None
        self.totals: list[float] = []
        self.norms: list[float] = []
        self.alphas: list[Tensor] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        torch.manual_seed(self.global_step)
        self.objective.at(self.global_step / 10)
        result = self.model(batch.inputs(), batch.window, batch.valid)
        measured = self.objective(result, batch.truth(), batch.window)
        self.last = (batch, result, measured)
        self.totals.append(float(measured.total.detach()))
        if result.context is not None:
            self.alphas.append(result.context.weights.detach())
        return measured.total

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = 1e-3 / (1 + self.global_step)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        norm = torch.nn.utils.clip_grad_norm_(self.parameters(), CLIP)
        self.norms.append(float(norm))

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        result = self.model(batch.inputs(), batch.window, batch.valid)
        self.log("validation/l1", (result.image - batch.truth().image).abs().mean(), batch_size=2)
        self.log("other", 1.0, batch_size=2)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        model = self.model
        flow = {"params": model.flow.parameters(), "key": "flow"}
        rest = [p for name, p in model.named_parameters() if not name.startswith("flow.")]
        return torch.optim.AdamW([flow, {"params": rest, "key": ""}])


def fit(
    callbacks: list[Callback],
    *,
    steps: int,
    module: Lesson | None = None,
    resume: Path | None = None,
    start: int = 0,
    seconds: float = 0.0,
    **options: Any,
) -> Lesson:
    module = module or Lesson()
    trainer = pl.Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        callbacks=callbacks,
        **{"val_check_interval": 4, **options},
    )
    window = module.model.window
    training = DataLoader(Clips(window, 100, start=start, seconds=seconds), batch_size=None)
    trainer.fit(module, training, DataLoader(Clips(window, 2), batch_size=None), ckpt_path=resume)
    return module


class Kill(Callback):
    """Saves after one step and dies after another."""

    def __init__(self, path: Path, *, save: int, die: int) -> None:
        self.path, self.save, self.die = path, save, die

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self.save:
            trainer.save_checkpoint(self.path)
        if trainer.global_step == self.die:
            raise RuntimeError("killed")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lesson, list[str]]:
    """Ten steps, recorded every three."""
    folder, said = tmp_path_factory.mktemp("runs") / "run", []
    module = fit(watchers(folder, every=3, draw_every=5, count=3, say=said.append), steps=10)
    return folder, module, said


def test_losses_are_averages_since_the_last_record(run: tuple[Path, Lesson, list[str]]):
    folder, module, _ = run
    found = read_metrics(folder)
    totals = module.totals
    spans = {1: totals[:1], 3: totals[1:3], 6: totals[3:6], 9: totals[6:9], 10: totals[9:]}
    expected = {step: sum(values) / len(values) for step, values in spans.items()}
    assert found["loss/total"] == pytest.approx(expected, rel=1e-5)
    assert set(found["raw/near"]) == {6, 9, 10}  # it counts from the fifth step on
    for step in (9, 10):
        parts = found["loss/l1"][step] + found["loss/near"][step]
        assert parts == pytest.approx(found["loss/total"][step], rel=1e-5)
        assert found["loss/near"][step] == pytest.approx(0.5 * found["raw/near"][step], rel=1e-5)


def test_gradients_are_seen_before_they_are_clipped(run: tuple[Path, Lesson, list[str]]):
    folder, module, _ = run
    found, norms = read_metrics(folder), module.norms
    assert min(norms) > CLIP
    assert found["gradient/norm"][6] == pytest.approx(sum(norms[3:6]) / 3, rel=1e-4)
    assert found["gradient/largest"][6] == pytest.approx(max(norms[3:6]), rel=1e-4)
    stages = [found[f"gradient/{stage}"][1] for stage, _ in module.model.named_children()]
    assert sum(s * s for s in stages) ** 0.5 == pytest.approx(norms[0], rel=1e-4)


def test_the_learning_rate_is_that_of_the_step(run: tuple[Path, Lesson, list[str]]):
    found = read_metrics(run[0])
    assert found["rate/all"] == found["rate/flow"]
    assert found["rate/all"] == pytest.approx({s: 1e-3 / s for s in (1, 3, 6, 9, 10)})


def test_alphas_are_averaged_over_those_who_have_the_frame(run: tuple[Path, Lesson, list[str]]):
    folder, module, _ = run
    found = read_metrics(folder)
    assert sum(name.startswith("alphas/") for name in found) == 14
    span = torch.stack(module.alphas[3:6])
    # the first sample has no outermost frame, and its weight, 0, is no opinion
    assert found["alphas/left-8"][6] == pytest.approx(float(span[:, 1, 0].mean()), rel=1e-4)
    assert found["alphas/right-6"][6] == pytest.approx(float(span[:, :, 13].mean()), rel=1e-4)
    assert (folder / "alphas.png").read_bytes().startswith(b"\x89PNG")


def test_validation_and_speed_are_recorded(run: tuple[Path, Lesson, list[str]]):
    found = read_metrics(run[0])
    assert set(found["validation/l1"]) == {4, 8}
    assert "other" not in found
    for name in ("speed/samples_per_second", "speed/hours", "memory/process_mb"):
        assert list(found[name]) == [1, 3, 6, 9, 10]
        assert min(found[name].values()) > 0
    assert all(0 <= share <= 1 for share in found["speed/waiting"].values())
    assert "memory/gpu_mb" not in found


def test_the_same_samples_are_drawn_again_and_again(run: tuple[Path, Lesson, list[str]]):
    pictures = sorted((run[0] / "pictures").rglob("*.jpg"))
    assert [str(p.relative_to(run[0] / "pictures")) for p in pictures] == [
        f"sample-{number}/step-{step:08d}.jpg" for number in range(3) for step in (0, 5, 10)
    ]


def test_one_line_at_the_end(run: tuple[Path, Lesson, list[str]]):
    (line,) = run[2]
    assert line.startswith("10 steps in ")
    assert f"loss {read_metrics(run[0])['loss/total'][10]:.4g} (first " in line


def test_tensorboard_has_the_same_numbers(run: tuple[Path, Lesson, list[str]]):
    board = events(run[0])
    found = read_metrics(run[0])
    assert set(board.Tags()["scalars"]) == set(found)
    losses = {event.step: event.value for event in board.Scalars("loss/total")}
    assert losses == pytest.approx(found["loss/total"], rel=1e-5)
    assert [event.step for event in board.Images("sample-2")] == [0, 5, 10]
    assert [event.step for event in board.Images("alphas")] == [5, 10]


def test_watching_changes_nothing(run: tuple[Path, Lesson, list[str]]):
    alone = fit([], steps=10)
    assert alone.totals == run[1].totals


def test_a_killed_run_goes_on_as_if_it_had_not_been(
    run: tuple[Path, Lesson, list[str]], tmp_path: Path
):
    folder, state = tmp_path / "run", tmp_path / "state.ckpt"
    options: dict[str, Any] = {"every": 3, "draw_every": 5, "count": 1}
    said: list[str] = []
    callbacks = [*watchers(folder, **options, say=said.append), Kill(state, save=5, die=8)]
    with pytest.raises(RuntimeError, match="killed"):
        fit(callbacks, steps=10)
    assert said[0].startswith("6 steps in ")
    assert max(read_metrics(folder)["loss/total"]) == 6
    fit(watchers(folder, **options), steps=10, resume=state, start=5)
    found, expected = read_metrics(folder), read_metrics(run[0])
    assert set(found) == set(expected)
    for name in set(found) - {n for n in found if n.startswith(TIMED)}:
        assert found[name] == pytest.approx(expected[name], rel=1e-6), name
    hours = list(found["speed/hours"].values())
    assert hours == sorted(hours)
    lines = (folder / "metrics.csv").read_text().splitlines()
    assert len({tuple(line.split(",")[:2]) for line in lines}) == len(lines)
    board = events(folder)
    for name in ("loss/total", "validation/l1"):
        assert [event.step for event in board.Scalars(name)] == list(expected[name])


def test_gradients_of_several_batches_make_one_step(tmp_path: Path):
    module = fit(
        watchers(tmp_path, every=2, count=0, tensorboard=False),
        steps=4,
        accumulate_grad_batches=3,
        val_check_interval=12,
    )
    found = read_metrics(tmp_path)
    assert list(found["loss/total"]) == [1, 2, 4]
    assert found["loss/total"][4] == pytest.approx(sum(module.totals[6:12]) / 6, rel=1e-5)
    assert len(module.norms) == 4
    assert not (tmp_path / "tensorboard").exists()
    assert not (tmp_path / "pictures").exists()


def test_waiting_for_data_is_told_from_computing(tmp_path: Path):
    fit(watchers(tmp_path, every=5, count=0, tensorboard=False), steps=5, seconds=0.05)
    found = read_metrics(tmp_path)
    waited = found["speed/waiting"][5] * found["speed/seconds_per_step"][5]
    assert waited >= 0.05 * 3 / 4  # of four steps, one batch may have been fetched before


def test_models_without_an_aggregator(tmp_path: Path):
    torch.manual_seed(0)
    narrow = Lesson.__new__(Lesson)
    Lesson.__init__(narrow, "rife")
    fit(watchers(tmp_path, every=1, draw_every=2, count=1), steps=2, module=narrow)
    assert not any(name.startswith("alphas/") for name in read_metrics(tmp_path))
    assert not (tmp_path / "alphas.png").exists()
    assert (tmp_path / "pictures" / "sample-0" / "step-00000002.jpg").exists()


def test_drawing_leaves_every_part_in_its_mode():
    module = Lesson()
    module.train()
    module.model.encoder.eval()  # type: ignore[union-attr]
    weight = next(module.model.parameters())
    before = weight.detach().clone()
    assert module.average is not None
    with torch.no_grad():
        weight.add_(1.0)
    with evaluating(module):
        assert not module.model.refiner.training  # type: ignore[union-attr]
        assert not torch.is_grad_enabled()
        assert torch.equal(weight, before)  # the average, which has not followed
    assert torch.equal(weight, before + 1.0)
    assert module.model.refiner.training  # type: ignore[union-attr]
    assert not module.model.encoder.training  # type: ignore[union-attr]


def test_samples_are_the_first_ones():
    batches = Clips(Window.hole(3, 1), 5)
    found = first_samples(batches, 3)
    assert [batch.names for batch in found] == [("clip 0:0", "clip 0:1"), ("clip 1:0",)]
    assert found[1].frames.shape == (1, 2, 3, 32, 32)
    assert found[1].valid.shape == (1, 2)
    assert first_samples(batches, 0) == []


def test_weights_that_are_shared_out_are_drawn_as_validation_makes_them(tmp_path: Path):
    module = Lesson()
    trainer: Any = SimpleNamespace(strategy=FSDPStrategy(), global_step=40)
    journal = Journal(tmp_path, tensorboard=False)
    journal.open(step=40)
    watch = PictureWatch(journal, every=10, samples=unreachable, count=3)
    watch.record(trainer, module, 40)
    for index, batch in enumerate(Clips(module.model.window, 3)):
        with evaluating(module):
            result = module.model(batch.inputs(), batch.window, batch.valid)
        watch.on_validation_batch_end(trainer, module, result, batch, index)
    journal.close()
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg"))
    assert names == [f"pictures/sample-{i}/step-00000040.jpg" for i in range(3)]


def test_stages_are_found_under_fsdp_and_those_without_gradient_count_as_zero():
    parameters = {
        "_fsdp_wrapped_module.model._fsdp_wrapped_module.encoder.w": torch.tensor([3.0, 4.0]),
        "model.flow.w": None,
        "objective.parts.rife.teacher.w": torch.tensor([2.0]),
    }
    module = SimpleNamespace(
        device=torch.device("cpu"),
        named_parameters=lambda: (
            (name, SimpleNamespace(grad=gradient)) for name, gradient in parameters.items()
        ),
    )
    norms = {name: float(norm) for name, norm in stage_norms(module).items()}
    assert norms == {"encoder": 5.0, "flow": 0.0, "objective": 2.0}


def test_without_tensorboard_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[train\]'.*metrics\.csv"):
        Journal(tmp_path / "run").open(step=0)
    Journal(tmp_path / "run", tensorboard=False).open(step=0)


def test_other_processes_write_nothing(tmp_path: Path):
    trainer: Any = SimpleNamespace(is_global_zero=False, global_step=0)
    folder = tmp_path / "run"
    for watcher in watchers(folder, count=0, say=unreachable):
        if type(watcher).__name__ != "SpeedWatch":  # which looks at the trainer's profiler
            watcher.on_train_start(trainer, Lesson())
    assert not folder.exists()


def unreachable(*_: Any) -> Any:
    raise AssertionError("nobody was to call this")


def events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0})
    board.Reload()
    return board
