"""A small model learns motion, and what it learned holds on clips that it never saw.

A quarter of an hour on two cores: for the slow lane.
"""

import json

import pytest

from lift15.training.fit import train
from lift15.training.plan import make_plan

SUBSET = "height=64&width=64&subset=occlusion"
STEPS = 2200
"""Flow starts after 500 to 600 (docs/context-start.md); the rest lets it get somewhere."""


@pytest.mark.slow
def test_a_tiny_model_beats_the_mean_of_the_references_by_3_db(tmp_path):
    data = {
        "train": [f"generated:?clips=2000&{SUBSET}"],
        "validation": [f"generated:?clips=48&{SUBSET}&split=validation"],
    }
    plan = make_plan(
        "cpu",
        tables=[{"model": {"name": "lift15-tiny"}, "data": data}],
        settings=[
            "model.overrides.aggregator.gate=true",
            "model.overrides.refiner.name=warped-full-resolution",
            "model.overrides.refiner.channels=16",
            "model.overrides.refiner.blocks=1",
            f"schedule.steps={STEPS}",
            "run.batch=8",
            "run.seed=2",
            "run.pictures=0",
            "run.tensorboard=false",
        ],
    )
    train(plan, tmp_path / "run", say=str)
    best = json.loads((tmp_path / "run" / "manifest.json").read_text())["best"]
    assert best["gain"] == pytest.approx(best["psnr"] - best["psnr_of_mean"])
    assert best["gain"] > 3
