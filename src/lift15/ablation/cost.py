"""What a call of each variant costs, measured in turn, so that a busy machine is busy for all."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from lift15.ablation.folder import AblationFolder
from lift15.ablation.results import Cost
from lift15.ablation.work import device_of
from lift15.making import find_device
from lift15.training.atomic import write_json
from vfiblocks import Interpolator, ModelSpec, assemble, optimize
from vfiblocks.errors import InputError
from vfiblocks.memory import peak_memory


def measure_costs(
    specs: Mapping[str, ModelSpec],
    *,
    baseline: str,
    size: tuple[int, int],
    rounds: int,
    device: str = "auto",
) -> list[Cost]:
    """Time and memory of one call of several models: A B C, A B C, ...

    Weights are random, which costs the same as trained ones; models are made ready for inference,
    as ``vfi interpolate`` does. Each is called once beforehand.

    Args:
        specs: by name.
        baseline: whose time the others are compared with, round by round.
        size: height and width of the frames.
        rounds: how often each is called.
        device: where.

    Example:
        >>> from vfiblocks import find_spec
        >>> tiny = find_spec("lift15-tiny")
        >>> costs = measure_costs(
        ...     {"a": tiny, "b": tiny.override(aggregator=None)}, baseline="a", size=(32, 32),
        ...     rounds=1, device="cpu")
        >>> [cost.variant for cost in costs], costs[0].ratio, costs[1].memory < costs[0].memory
        (['a', 'b'], 1.0, True)
    """
    where = find_device(device)
    models: dict[str, Interpolator] = {}
    memory: dict[str, tuple[int, str]] = {}
    for name, spec in specs.items():
        before = torch.cuda.memory_allocated() if where.type == "cuda" else 0
        models[name] = optimize(assemble(spec).eval().to(where))
        memory[name] = _memory(spec, models[name], size, where, before)
    calls = {name: _call(model, size, where) for name, model in models.items()}
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(call())
    costs = []
    for name, taken in times.items():
        ratios = [own / base for own, base in zip(taken, times[baseline], strict=True)]
        costs.append(
            Cost(
                variant=name,
                size=size,
                device=_words(where),
                milliseconds=1000 * statistics.median(taken),
                quartiles=_quartiles([1000 * each for each in taken]),
                ratio=statistics.median(ratios),
                ratio_quartiles=_quartiles(ratios),
                memory=memory[name][0],
                memory_by=memory[name][1],
                rounds=rounds,
            )
        )
    return costs


def do_costs(folder: AblationFolder, *, say: Callable[[str], None] = print) -> None:
    """Measure the variants of an ablation, and keep what is found."""
    plan, arms = folder.plan(), folder.arms()
    say("measuring time and memory of a call")
    costs = measure_costs(
        {name: arm.spec for name, arm in arms.items()},
        baseline=plan.reference,
        size=plan.cost.size,
        rounds=plan.cost.rounds,
        device=device_of(plan),
    )
    write_json(folder.costs, [asdict(cost) for cost in costs])


def read_costs(path: Path) -> tuple[Cost, ...]:
    """What :func:`do_costs` has kept; () where it has not."""
    if not path.exists():
        return ()
    found = []
    for plain in json.loads(path.read_text("utf-8")):
        pairs = ("size", "quartiles", "ratio_quartiles")
        values: dict[str, Any] = {k: tuple(v) if k in pairs else v for k, v in plain.items()}
        found.append(Cost(**values))
    return tuple(found)


def _call(model: Interpolator, size: tuple[int, int], where: torch.device) -> Callable[[], float]:
    frames = torch.rand(
        1, len(model.window), 3, *size, generator=torch.Generator().manual_seed(0)
    ).to(where)

    def call() -> float:
        _wait(where)
        begun = time.perf_counter()
        model(frames)
        _wait(where)
        return time.perf_counter() - begun

    return call


def _memory(
    spec: ModelSpec,
    model: Interpolator,
    size: tuple[int, int],
    where: torch.device,
    before: int,
) -> tuple[int, str]:
    if where.type != "cuda":
        try:
            return peak_memory(spec, size=size), "counted"
        except InputError:
            return 0, "unknown"
    torch.cuda.reset_peak_memory_stats()
    _call(model, size, where)()
    return int(torch.cuda.max_memory_allocated()) - before, "measured"


def _wait(where: torch.device) -> None:
    if where.type == "cuda":
        torch.cuda.synchronize()


def _words(where: torch.device) -> str:
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    threads = torch.get_num_threads()
    return f"{where.type}, {threads} thread{'s' if threads > 1 else ''}"


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high
