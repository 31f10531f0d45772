"""What a training run does, as data: everything that decides its outcome, in one TOML file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lift15.data import DataPlan
from lift15.training.plan_checks import check_plan
from lift15.training.presets import PRESETS
from lift15.training.tables import assign, from_table, merge, to_table, to_toml
from vfiblocks.errors import TrainingError

NOTHING = "none"
"""How a plan says that a stage is left empty: TOML has no word for it."""


@dataclass(frozen=True)
class ModelPlan:
    """What is trained and from where it starts.

    Attributes:
        name: a registered name, a spec file, or a checkpoint, which is then trained on.
        overrides: changes to its spec, per stage: a table of options, another part's name, or
            "none".
        start_from: a checkpoint whose tensors fill what fits by name and shape.
        encoder_from_rife: RIFE weights that a ``pyramid`` encoder starts from (DECISIONS 19).
    """

    name: str = "lift15-s1"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start_from: str = ""
    encoder_from_rife: str = ""


@dataclass(frozen=True)
class OptimizerPlan:
    """AdamW; norms, biases and gates are never decayed.

    Attributes:
        lr: learning rate, before the factors of warm-up, decay and phase.
        betas: of the two running means.
        eps: added to the root of the second.
        weight_decay: per step and unit of learning rate.
        clip: greatest norm of the whole gradient; 0 leaves it as it is.
    """

    lr: float = 3e-4
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 1e-4
    clip: float = 1.0


@dataclass(frozen=True)
class Phase:
    """A stretch of the training in which something is different.

    Attributes:
        name: for messages and logs.
        length: its share of the whole; only the ratio to the other phases counts.
        lr: factor on the learning rate.
        rates: further factors, by the first words of parameter names: {"encoder": 0.1}. The
            longest that fits counts; "s1" stands for the encoder's layers before the first halving.
        freeze: likewise, what is not trained. Of these only what was filled from a file stands
            still: freezing random weights helps nobody (DECISIONS 19).
        batch: samples per batch, if they are others than the run's; 0 is the run's.
        data: fields of the data plan that are different, such as ``augmentation.crop``.
    """

    name: str = "all"
    length: float = 1.0
    lr: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    batch: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SchedulePlan:
    """How long, and how the learning rate goes.

    Attributes:
        steps: of the optimizer; 0 counts epochs instead.
        epochs: passes over the training data, where steps are not given.
        warmup: steps in which the learning rate rises from nothing.
        decay: "cosine" falls from there to ``final`` at the end; "constant" stays.
        final: what is left of the learning rate at the end of a cosine.
        phases: one after the other.
    """

    steps: int = 0
    epochs: float = 1.0
    warmup: int = 0
    decay: Literal["constant", "cosine"] = "constant"
    final: float = 0.01
    phases: tuple[Phase, ...] = (Phase(),)


@dataclass(frozen=True)
class RunPlan:
    """How it is computed, and what is kept.

    Attributes:
        seed: of everything random.
        batch: samples per batch, of all processes together.
        precision: what torch computes in where it thinks that safe; weights stay float32.
        accumulate: batches per step of the optimizer.
        ema: how much of the averaged weights stays at each step; 0 averages nothing.
        checkpointing: stages that are computed again in the backward pass instead of kept.
        compile: let torch.compile have the model.
        channels_last: keep the model's maps in that layout.
        device: "auto" takes GPUs if there are any, else "cpu" or "cuda".
        devices: processes per node, each with a device of its own.
        nodes: machines; torchrun or SLURM starts the processes if there is more than one.
        workers: processes that load data, per process that trains; -1 is one for every processor
            that training leaves free, up to 8.
        strategy: "auto" is "ddp" with several processes; "fsdp" shares the weights out as well.
        validate_every: steps between validations; 0 validates at the end only.
        validate_at_most: windows per validation; 0 is all.
        validate_batch: samples per batch of each process there; their pictures are of one size.
        save_every: steps between states to go on from.
        save_minutes: and minutes, whichever comes first; 0 goes by steps only.
        log_every: steps between lines in the logs.
        pictures: samples that are drawn at each validation; 0 draws none.
        tensorboard: whether the records are written for TensorBoard as well.
        minutes: stop after so long, as if interrupted; 0 does not.
        diverged_factor: how many times its running median a loss has to exceed
        diverged_steps: for how many steps in a row, for the run to be given up; 0 never does.
        timeout_minutes: how long processes wait for each other before they give up.
    """

    seed: int = 0
    batch: int = 4
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    accumulate: int = 1
    ema: float = 0.999
    checkpointing: tuple[str, ...] = ()
    compile: bool = False
    channels_last: bool = False
    device: str = "auto"
    devices: int = 1
    nodes: int = 1
    workers: int = -1
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    validate_every: int = 1000
    validate_at_most: int = 0
    validate_batch: int = 1
    save_every: int = 500
    save_minutes: float = 10.0
    log_every: int = 50
    pictures: int = 4
    tensorboard: bool = True
    minutes: float = 0.0
    diverged_factor: float = 10.0
    diverged_steps: int = 50
    timeout_minutes: float = 30.0


FREE = tuple(
    f"run.{name}"
    for name in (
        "device",
        "devices",
        "nodes",
        "workers",
        "strategy",
        "save_every",
        "save_minutes",
        "log_every",
        "pictures",
        "tensorboard",
        "minutes",
        "timeout_minutes",
    )
)
"""What may be different when a run is resumed: it changes where and when, not what is learned."""


@dataclass(frozen=True)
class TrainPlan:
    """A whole training run.

    Attributes:
        model: what is trained.
        data: on what; see :class:`lift15.data.DataPlan`.
        loss: what is minimised, by name: a table of terms, or the name of one; see
            :func:`lift15.training.objective.build_objective`.
        optimizer: how.
        schedule: for how long.
        run: where, and what is kept of it.

    Example:
        >>> plan = make_plan("smoke", settings=["optimizer.lr=1e-3"])
        >>> plan.optimizer.lr, read_plan(plan.to_toml()) == plan
        (0.001, True)
    """

    model: ModelPlan = ModelPlan()
    data: DataPlan = field(default_factory=DataPlan)
    loss: Mapping[str, Any] | str = "default"
    optimizer: OptimizerPlan = OptimizerPlan()
    schedule: SchedulePlan = SchedulePlan()
    run: RunPlan = RunPlan()

    def __post_init__(self) -> None:
        check_plan(self)
        for index, phase in enumerate(self.schedule.phases):
            phase_data(self, phase, where=f"schedule.phases.{index}.data")

    def to_table(self) -> dict[str, Any]:
        """Plain data; :func:`read_plan` gives the same plan back."""
        return to_table(self)

    def to_toml(self) -> str:
        """The plan as people read it."""
        return to_toml(self.to_table())

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits naming what is learned; where and when it runs is left out."""
        table = self.to_table()
        for key in FREE:
            section, name = key.split(".")
            table[section].pop(name, None)
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:16]


def make_plan(
    preset: str | None = None,
    *,
    file: str | Path | None = None,
    tables: Sequence[Mapping[str, Any]] = (),
    settings: Sequence[str] = (),
) -> TrainPlan:
    """A plan from a preset, a file on top of it, tables on top of that, and single settings.

    Args:
        preset: a key of :data:`PRESETS`; a file may name one as well. What a preset overrides in
            the spec of its model is left out where another model is named.
        file: TOML.
        tables: nested like the file.
        settings: as in ``optimizer.lr=1e-3``, ``schedule.phases.0.lr=0.5``.

    Raises:
        TrainingError: for a key that a plan does not have, with the nearest one.
    """
    written = _read_file(file) if file is not None else {}
    named = written.pop("preset", None)
    preset = preset or named
    if preset is not None and preset not in PRESETS:
        raise TrainingError(f"no preset is called {preset!r}; there are {', '.join(PRESETS)}")
    chosen = PRESETS[preset] if preset else {}
    table: dict[str, Any] = merge(TrainPlan, to_table(TrainPlan()), chosen)
    own = table["model"]["name"]
    for more in (written, *tables):
        if more.get("model", {}).get("name", own) != own:
            table["model"]["overrides"] = {}  # a preset's are for the model it names
        table = merge(TrainPlan, table, more)
    table = json.loads(json.dumps(table))  # a copy that settings may change
    for setting in settings:
        assign(table, setting)
    return from_table(TrainPlan, table)


def read_plan(text: str) -> TrainPlan:
    """A plan from TOML.

    Raises:
        TrainingError: if it is no TOML or no plan.
    """
    try:
        return from_table(TrainPlan, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"a plan must be TOML; {error}") from error


def phase_data(plan: TrainPlan, phase: Phase, *, where: str = "data") -> DataPlan:
    """The data plan as it is in a phase.

    Raises:
        TrainingError: the phase names a field that a data plan does not have.
    """
    if not phase.data:
        return plan.data
    return from_table(DataPlan, merge(DataPlan, to_table(plan.data), phase.data), where=where)


def _read_file(file: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"cannot read the plan {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"the plan {file} is not TOML: {error}") from error


def changed(plan: TrainPlan, settings: Sequence[str]) -> TrainPlan:
    """A plan with single values changed; see :func:`make_plan`."""
    table = json.loads(json.dumps(plan.to_table()))
    for setting in settings:
        assign(table, setting)
    return from_table(TrainPlan, table)
