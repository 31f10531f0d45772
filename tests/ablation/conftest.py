"""Results that look like those of a real ablation, made of random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lift15.ablation.measured import Alphas, Answers, Evaluation, ItemFacts, Measure, Strip
from lift15.ablation.results import (
    AblationResults,
    Cost,
    Provenance,
    Question,
    TrainingRun,
    Variant,
)
from lift15.evaluation.results import Row

MEASURES = (
    Measure("psnr", "dB", "higher"),
    Measure("ssim", "", "higher"),
    Measure("psnr-edges", "dB", "higher"),
)
VARIANTS = {"three": ("3 frames", 2), "seven": ("7 frames", 6), "fifteen": ("15 frames", 14)}
GAINS = {"three": 0.0, "seven": 0.08, "fifteen": 0.25}
TAGS = ("plain", "occlusion", "repetition", "lighting", "nonlinear")
SEEDS = (0, 1, 2)


def example_results(seed: int = 0) -> AblationResults:
    """Three variants, three seeds, two evaluations; one run diverged, one is not finished."""
    rng = np.random.default_rng(seed)
    evaluations = (
        _evaluation("held-out", "held-out windows, a hole in 15 frames", "hole", 40, rng),
        _evaluation("clips-even", "real clips at half their rate", "even", 24, rng, tagged=False),
    )
    return AblationResults(
        name="context",
        title="How many frames of context?",
        about="The same model sees 3, 7 or 15 frames of a clip, the one in the hole left out.",
        baseline="three",
        variants=tuple(
            Variant(
                name=name,
                title=title,
                changes=(f"window=hole({frames + 1})",),
                spec={"flow": {"name": "context-cascade", "options": {}}, "format": 1},
                fingerprint=f"{index}f" * 8,
                plan='[model]\nname = "lift15-tiny"\n',
                parameters=182_000,
                macs={(64, 64): 90_000_000 * (1 + index), (256, 448): 2_500_000_000 * (1 + index)},
                frames=frames,
            )
            for index, (name, (title, frames)) in enumerate(VARIANTS.items())
        ),
        seeds=SEEDS,
        questions=(
            Question("3-to-15", "Do 15 frames do better than 3?", "three", "fifteen"),
            Question("3-to-7", "Do 7 frames do better than 3?", "three", "seven"),
            Question(
                "hidden", "Do 15 frames do better where things are hidden?", "three", "fifteen",
                subset="occlusion", evaluation="held-out",
            ),
            Question(
                "edges", "Are edges better with 15 frames?", "three", "fifteen",
                measure="psnr-edges",
            ),
        ),
        runs=tuple(_run(name, each, rng) for name in VARIANTS for each in SEEDS),
        evaluations=evaluations,
        costs=tuple(
            Cost(
                name, (256, 448), "cpu, 2 threads", 80.0 * (1 + index), (78.0 * (1 + index),
                85.0 * (1 + index)), 1.0 + index, (0.97 + index, 1.02 + index),
                150_000_000 * (1 + index), "counted", 9,
            )
            for index, name in enumerate(VARIANTS)
        ),
        provenance=Provenance(
            commands=("vfi ablate context --data generated: --seeds 3",),
            begun="2026-01-01T10:00:00+0000",
            updated="2026-01-01T14:00:00+0000",
            versions={"python": "3.11.7", "vfiblocks": "0.5.0", "torch": "2.14.0"},
            machine={"system": "Linux x86_64", "threads": 2, "processors": 2, "gpus": []},
            git={"commit": "0123456789abcdef", "changed": False},
            plan='name = "context"\nseeds = [0, 1, 2]\n',
            data={
                "train": (("generated:train/0", "a1b2c3d4e5f60718"),),
                "validation": (("generated:validation/0", "18070f6e5d4c3b2a"),),
            },
        ),
        notes=("frames beyond a variant's window were dropped from its layouts",),
    )  # fmt: skip


def _run(name: str, seed: int, rng: np.random.Generator) -> TrainingRun:
    steps = list(range(20, 401, 20))
    noise = rng.normal(0, 0.01, len(steps))
    loss = tuple(
        (s, 0.12 * math.exp(-s / 200) + 0.05 + e) for s, e in zip(steps, noise, strict=True)
    )
    psnr = tuple((s, 24 + 4 * (1 - math.exp(-s / 150)) + GAINS[name]) for s in steps[::5])
    if (name, seed) == ("seven", 2):
        return TrainingRun(
            name, seed, "diverged", "step 140: the loss is nan", 140, 400, 140 * 8, 61.0,
            curves={"loss/total": loss[:7]}, folder=f"runs/{name}-{seed}",
        )  # fmt: skip
    if (name, seed) == ("fifteen", 2):
        return TrainingRun(name, seed, "waiting", folder=f"runs/{name}-{seed}")
    return TrainingRun(
        name, seed, "finished", "", 400, 400, 3200, 180.0 + rng.uniform(0, 20),
        {"psnr": psnr[-1][1], "psnr_of_mean": 24.3, "gain": psnr[-1][1] - 24.3, "step": 320.0},
        {"loss/total": loss, "loss/l1": loss, "validation/psnr": psnr},
        fingerprint=f"{seed}a" * 8, data={"train": "aa" * 8, "validation": "bb" * 8},
        machine={"threads": 2}, versions={"torch": "2.14.0"}, folder=f"runs/{name}-{seed}",
    )  # fmt: skip


def _evaluation(
    name: str, title: str, layout: str, count: int, rng: np.random.Generator, tagged: bool = True
) -> Evaluation:
    items = tuple(
        ItemFacts(
            name=f"{TAGS[k % 5]}/{k:06}@00008",
            scene=f"scene-{k}" if tagged else f"video-{k // 3}",
            tags=(TAGS[k % 5],) if tagged else (),
            displacement=float(rng.gamma(2.0, 2.0)),
            fastest=float(rng.gamma(2.0, 6.0)),
            bend=float(rng.gamma(1.0, 0.5)),
            hidden=float(rng.uniform(0, 0.1)),
            measured="true" if tagged else "DIS",
        )
        for k in range(count)
    )
    ease = rng.normal(29.0, 3.0, count)
    answers = []
    for model, offset in {"repeat": -4.0, "average": -2.0, "classical": 1.5}.items():
        answers.append(_answers(model, None, "", items, ease + offset, 2, rng))
    for model, (_, frames) in VARIANTS.items():
        for seed in SEEDS:
            if (model, seed) in (("seven", 2), ("fifteen", 2)):
                continue
            mine = ease + GAINS[model] + rng.normal(0, 0.05)
            answers.append(_answers(model, seed, "", items, mine, frames, rng))
            if model == "fifteen":
                for control in ("without", "shuffled"):
                    worse = mine - GAINS[model] * 0.8
                    answers.append(_answers(model, seed, control, items, worse, frames, rng))
    return Evaluation(
        name=name,
        title=title,
        protocol={"name": name, "crop": [64, 64], "averaging": "item"},
        protocol_hash="cd" * 8,
        root="",
        layout=layout,
        averaging="item" if tagged else "scene",
        measures=MEASURES,
        items=items,
        answers=tuple(answers),
        alphas=tuple(_alphas(m, s) for m in ("seven", "fifteen") for s in (0, 1)),
        strips=(Strip(items[0].name, "15 frames gain most over 3", "pictures/a.png", "3-to-15"),),
        data_hash="ef" * 8,
        notes=("3 clips are shorter than a window",),
    )


def _answers(model, seed, control, items, ease, frames, rng) -> Answers:
    rows = []
    for item, base in zip(items, ease, strict=True):
        psnr = float(base + rng.normal(0, 0.2))
        scores = {"psnr": psnr, "ssim": 1 - 10 ** (-psnr / 25), "psnr-edges": psnr - 6.0}
        rows.append(Row(item.name, item.scene, 0.5, frames, frames, scores))
    return Answers(model, seed, control, tuple(rows), weights="12" * 8)


def _alphas(model: str, seed: int) -> Alphas:
    ranks = (-3, -2, -1, 1, 2, 3) if model == "seven" else (*range(-8, 0), *range(1, 7))
    raw = np.exp(-np.abs(np.array(ranks)) / 3.0 + 0.02 * seed)
    means = raw / raw.sum()
    return Alphas(model, seed, ranks, tuple(map(float, means)), tuple(means / 10), 40)


@pytest.fixture
def results() -> AblationResults:
    return example_results()


PLAN = """
name = "mini"
title = "Whether it works"
preset = "smoke"
seeds = [0, 1]
strips = 0
[base.data]
train = ["generated:?clips=8&height=32&width=32"]
validation = ["generated:?clips=6&height=32&width=32&split=validation"]
[variants.two]
title = "2 frames"
window = { hole = [3, 1] }
[variants.six]
title = "6 frames"
window = { hole = [7, 3] }
[cost]
rounds = 0
"""


@pytest.fixture
def plan_file(tmp_path):
    path = tmp_path / "mini.toml"
    path.write_text(PLAN)
    return path


class Stubs:
    """An ablation without any training: what each piece of work leaves on the disk, at once.

    ``broken`` says what becomes of a run in place of that: an exception to raise in training.
    """

    def __init__(self, folder):
        self.folder, self.broken, self.done = folder, {}, []

    @property
    def tools(self):
        from lift15.ablation.work import Tools

        return Tools(
            train=self.train,
            weights=lambda run, which: run.path / "none",
            measure=self.measure,
            baselines=self.baselines,
        )

    def train(self, arm, seed, run, *, command, say):
        name = run.path.name
        data = {side: {"hash": side * 2, "sources": []} for side in ("train", "validation")}
        run.make()
        run.begin(arm.seeded(seed), arm.spec, data, command=command)
        run.last.touch()
        self.done.append(name)
        if name in self.broken:
            run.note(state="diverged" if "diverged" in str(self.broken[name]) else "interrupted")
            raise self.broken.pop(name)
        run.note(state="finished", step=6, steps=6, seconds=2.0, best={"psnr": 25.0, "step": 6.0})
        (run.path / "metrics.csv").write_text(
            "step,name,value\n1,loss/total,0.5\n6,loss/total,0.1\n"
        )
        return "finished"

    def measure(self, exam, weights, output, *, name, device):
        gain = 0.5 if name.startswith("six") else 0.0
        self.write(exam, output, name, gain + 0.01 * int(name[-1]))

    def baselines(self, exam, folder, *, device):
        self.write(exam, folder.results(exam.name, "baselines"), "average", -1.0)

    def write(self, exam, output, name, gain):
        from lift15.evaluation.results import IDENTITY, ResultFile

        measures = [part.name for part in exam.protocol.measures]
        identity = dict.fromkeys(IDENTITY, "x") | {"model": name, "protocol": exam.protocol.name}
        with ResultFile(output, identity, measures) as file:
            known = {row.item for row in file.rows()}
            for k, item in enumerate(exam.open().items):
                if item.name not in known:
                    scores = dict.fromkeys(measures, 25.0 + k + gain + 0.1 * (k % 2))
                    file.append(Row(item.name, item.scene, 0.5, 2, 2, scores))
        self.done.append(f"{exam.name}/{name}")

    def launch(self, folder, job, slot):
        """Do a job where others would start a process."""
        from lift15.ablation.folder import AblationFolder
        from lift15.ablation.work import do_baselines, do_run

        ablation, code = AblationFolder(folder), 0
        if job.arguments[0] == "run":
            variant, seed = job.arguments[1:]
            state = do_run(ablation, variant, int(seed), say=lambda _: None, tools=self.tools)
            code = {"finished": 0, "interrupted": 130}.get(state.state, 1)
        elif job.arguments[0] == "baselines":
            do_baselines(ablation, say=lambda _: None, tools=self.tools)
        return Ended(code)


class Ended:
    """A process that has ended."""

    def __init__(self, code):
        self.code = code

    def poll(self):
        return self.code

    def interrupt(self): ...

    def kill(self): ...


@pytest.fixture
def stubs(tmp_path):
    return Stubs(tmp_path / "mini")
