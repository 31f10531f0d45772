"""What the numbers of a plan have to satisfy, by the names they have in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vfiblocks.errors import TrainingError

if TYPE_CHECKING:
    from lift15.training.plan import TrainPlan


def check_plan(plan: TrainPlan) -> None:
    """Refuse numbers that make no sense, by the names they have in the plan.

    Raises:
        TrainingError: naming the first of them.
    """
    optimizer, schedule, run = plan.optimizer, plan.schedule, plan.run
    for key, good, wanted in (
        ("optimizer.lr", optimizer.lr > 0, "above 0"),
        ("optimizer.betas", all(0 <= b < 1 for b in optimizer.betas), "from 0 to below 1"),
        ("optimizer.eps", optimizer.eps > 0, "above 0"),
        ("optimizer.weight_decay", optimizer.weight_decay >= 0, "0 or more"),
        ("optimizer.clip", optimizer.clip >= 0, "0 or more"),
        ("schedule.steps", schedule.steps >= 0, "0 or more"),
        ("schedule.epochs", schedule.epochs > 0 or schedule.steps > 0, "above 0"),
        ("schedule.warmup", schedule.warmup >= 0, "0 or more"),
        ("schedule.final", 0 <= schedule.final <= 1, "from 0 to 1"),
        ("schedule.phases", len(schedule.phases) > 0, "at least one"),
        ("run.seed", run.seed >= 0, "0 or more"),
        ("run.batch", run.batch >= 1, "1 or more"),
        ("run.workers", run.workers >= -1, "-1 or more"),
        ("run.validate_batch", run.validate_batch >= 1, "1 or more"),
        ("run.accumulate", run.accumulate >= 1, "1 or more"),
        ("run.ema", 0 <= run.ema < 1, "from 0 to below 1"),
        ("run.devices", run.devices >= 1, "1 or more"),
        ("run.nodes", run.nodes >= 1, "1 or more"),
        ("run.validate_every", run.validate_every >= 0, "0 or more"),
        ("run.validate_at_most", run.validate_at_most >= 0, "0 or more"),
        ("run.save_every", run.save_every >= 1, "1 or more"),
        ("run.save_minutes", run.save_minutes >= 0, "0 or more"),
        ("run.log_every", run.log_every >= 1, "1 or more"),
        ("run.pictures", run.pictures >= 0, "0 or more"),
        ("run.minutes", run.minutes >= 0, "0 or more"),
        ("run.diverged_factor", run.diverged_factor > 1, "above 1"),
        ("run.diverged_steps", run.diverged_steps >= 0, "0 or more"),
        ("run.timeout_minutes", run.timeout_minutes > 0, "above 0"),
    ):
        if not good:
            section, name = key.split(".")
            value = getattr(getattr(plan, section), name)
            raise TrainingError(f"{key} must be {wanted}, got {value!r}")
    for index, phase in enumerate(schedule.phases):
        where = f"schedule.phases.{index}"
        if phase.length <= 0:
            raise TrainingError(f"{where}.length must be above 0, got {phase.length}")
        if phase.lr < 0 or any(rate < 0 for rate in phase.rates.values()):
            raise TrainingError(f"the rates of {where} must be 0 or more")
        if phase.batch < 0:
            raise TrainingError(f"{where}.batch must be 0 or more, got {phase.batch}")
    if not plan.loss:
        raise TrainingError('the plan names no loss; give one, such as loss = {"l1" = 1.0}')
