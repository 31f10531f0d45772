"""A whole ablation in processes of its own: trained, killed, gone on with, measured, drawn."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lift15.ablation.collect import collect
from lift15.ablation.results import answer_to
from lift15.evaluation.comparing_sides import Measuring, find_side

pytest.importorskip("lightning")

PATIENCE = 120.0


def start(plan, out, *arguments):
    words = ["ablate", str(plan), "--out", str(out), *arguments]
    code = "import sys; from lift15.cli import main; sys.argv[0] = 'vfi'; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_for(what, out):
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, (out / "logs").exists()
        time.sleep(0.05)


@pytest.mark.slow
def test_two_variants_two_seeds(plan_file, tmp_path):
    text = plan_file.read_text()
    text = text.replace("strips = 0", "strips = 1").replace("rounds = 0", "rounds = 2")
    text += 'size = [32, 48]\n[evaluations.held-out]\ncontrols = ["without", "shuffled"]\n'
    plan_file.write_text(text)
    out = tmp_path / "out"

    first = start(plan_file, out)
    state = out / "runs" / "two-0" / "checkpoints" / "last.ckpt"
    wait_for(state.exists, out)
    first.send_signal(signal.SIGKILL)  # its child sees that it is alone, saves, and ends
    first.communicate()

    second = start(plan_file, out, "--jobs", "2")  # waits for what the child is saving
    said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, said
    assert "report:" in said[1]

    results = collect(out)
    assert {(run.variant, run.seed, run.state, run.step) for run in results.runs} == {
        (variant, seed, "finished", 6) for variant in ("two", "six") for seed in (0, 1)
    }
    (evaluation,) = results.evaluations
    assert {(a.model, a.seed, a.control) for a in evaluation.answers} == {
        *((name, None, "") for name in ("repeat", "average", "classical")),
        *(("two", seed, "") for seed in (0, 1)),
        *(("six", seed, c) for seed in (0, 1) for c in ("", "without", "shuffled")),
    }
    assert all(len(answers.rows) == 6 for answers in evaluation.answers)
    assert [(a.model, a.seed, a.items) for a in evaluation.alphas] == [("six", 0, 6), ("six", 1, 6)]
    assert sum(evaluation.alphas[0].means) == pytest.approx(1.0, abs=1e-4)
    assert answer_to(results.questions[0], evaluation).seeds == (2, 2)
    assert [cost.variant for cost in results.costs] == ["two", "six"]
    assert results.costs[0].ratio == 1.0
    assert {strip.path.split("/")[0] for strip in evaluation.strips} == {"pictures"}
    assert all((out / strip.path).stat().st_size > 1000 for strip in evaluation.strips)
    kinds = [strip.why.split()[0] for strip in evaluation.strips]
    assert kinds == ["best", "median", "worst"]
    assert (out / "report" / "index.html").exists()
    facts = json.loads((out / "ablation.json").read_text())
    assert len(facts["sessions"]) >= 2

    side = find_side(f"{out}:six", Measuring({}, tmp_path / "scores"))
    assert set(side.results["held-out"]) == {"0", "1"}
    assert side.predictor("0").name == "six"
