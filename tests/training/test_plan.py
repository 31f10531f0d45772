"""What a plan accepts, and what it is made of."""

import tomllib

import pytest

from lift15.data import DataPlan
from lift15.data.layouts import Cutter
from lift15.training.groups import Groups
from lift15.training.objective import build_objective
from lift15.training.phases import Schedule
from lift15.training.plan import (
    FREE,
    NOTHING,
    Phase,
    TrainPlan,
    changed,
    make_plan,
    phase_data,
    read_plan,
)
from lift15.training.presets import PRESETS
from lift15.training.start import start_model
from vfiblocks.errors import TrainingError


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_survive_a_file(preset):
    plan = make_plan(preset)
    assert read_plan(plan.to_toml()) == plan
    assert read_plan(plan.to_toml()).fingerprint == plan.fingerprint


def test_the_text_preset_is_the_table_of_section_8_3():
    plan = make_plan("text")
    assert plan.schedule.epochs == 50
    first, second, third = plan.schedule.phases
    assert [phase.length for phase in plan.schedule.phases] == [10, 20, 20]
    assert first.freeze == ("encoder",)
    assert plan.optimizer.lr == pytest.approx(1e-4)
    assert second.rates == {"encoder": 0.1}
    assert plan.optimizer.lr * third.lr == pytest.approx(1e-5)
    assert plan.loss == {"l1": 1.0, "lpips": 0.1}
    assert plan.run.batch == 4
    assert plan.data.augmentation.crop == (256, 256)


def test_later_words_win(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text('preset = "cpu"\n[optimizer]\nlr = 0.5\n[loss]\ncharbonnier = 1.0\n')
    plan = make_plan(file=file, tables=[{"model": {"name": "rife"}}], settings=["run.seed=9"])
    assert plan.loss == {"charbonnier": 1.0}
    assert (plan.optimizer.lr, plan.model.name, plan.run.seed) == (0.5, "rife", 9)
    assert plan.run.batch == make_plan("cpu").run.batch
    assert make_plan("smoke", file=file).run.batch == make_plan("smoke").run.batch


def test_what_a_preset_overrides_is_for_its_own_model():
    assert make_plan("cpu").model.overrides == {"aggregator": {"gate": True}}
    assert make_plan("cpu", tables=[{"model": {"name": "rife"}}]).model.overrides == {}
    same = make_plan("cpu", tables=[{"model": {"name": "lift15-tiny"}}])
    assert same.model.overrides == {"aggregator": {"gate": True}}
    own = {"name": "rife", "overrides": {"refiner": "none"}}
    assert make_plan("cpu", tables=[{"model": own}]).model.overrides == {"refiner": "none"}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_can_be_carried_out(preset):
    """Model, losses and layouts fit each other; LPIPS wants a file that is not everywhere."""
    plan = make_plan(preset, settings=["schedule.steps=100"])
    start = start_model(plan.model, seed=0)
    table = {name: entry for name, entry in dict(plan.loss).items() if name != "lpips"}
    build_objective(table, start.model)
    schedule = Schedule(plan.schedule)
    for stretch in schedule.stretches:
        Cutter(phase_data(plan, stretch.phase).layout, start.model.window)
    Groups(dict(start.model.named_parameters()), schedule)


def test_settings_reach_into_phases():
    plan = make_plan("text", settings=["schedule.phases.1.rates.s1=1.0", "loss.lpips=0.2"])
    assert plan.schedule.phases[1].rates == {"encoder": 0.1, "s1": 1.0}
    assert plan.loss == {"l1": 1.0, "lpips": 0.2}


def test_presets_are_not_changed_by_settings():
    make_plan("text", settings=["schedule.phases.0.lr=7.0"])
    assert make_plan("text").schedule.phases[0].lr == 1.0


def test_phases_change_the_data():
    plan = make_plan("short", settings=["data.held_out=0.3"])
    first = phase_data(plan, plan.schedule.phases[0])
    assert first.augmentation.crop == (128, 128)
    assert first.layout.frames == (2,)
    assert first.held_out == 0.3
    assert phase_data(plan, Phase()) is plan.data


def test_the_fingerprint_is_that_of_what_is_learned():
    plan = make_plan("smoke")
    for key in FREE:
        section, name = key.split(".")
        assert name in plan.to_table()[section], f"{key} is in no plan"
    assert changed(plan, ["run.devices=4", "run.workers=3"]).fingerprint == plan.fingerprint
    assert changed(plan, ["run.batch=4"]).fingerprint != plan.fingerprint


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["optimizer.lr=0"], "optimizer.lr must be above 0, got 0.0"),
        (["optimizer.lrr=1"], "the plan has no optimizer.lrr; did you mean optimizer.lr?"),
        (["run.ema=1.0"], "run.ema must be from 0 to below 1, got 1.0"),
        (["run.devices=0"], "run.devices must be 1 or more, got 0"),
        (["run.precision=half"], "run.precision is one of float32, bfloat16, float16, got 'half'"),
        (["schedule.phases=[]"], "schedule.phases must be at least one, got ()"),
        (["schedule.steps=0", "schedule.epochs=0"], "schedule.epochs must be above 0, got 0.0"),
        (["schedule.phases=[{length=0}]"], "schedule.phases.0.length must be above 0, got 0.0"),
        (["schedule.phases=[{lr=-1}]"], "the rates of schedule.phases.0 must be 0 or more"),
        (["schedule.phases=[{data={crop=3}}]"], "the plan has no schedule.phases.0.data.crop"),
        (["loss={}"], "the plan names no loss"),
        (["data.augmentation.crop=[64]"], "data.augmentation: crop is a height and a width"),
    ],
)
def test_nonsense_is_named(settings, said):
    with pytest.raises(TrainingError) as caught:
        make_plan("smoke", settings=settings)
    assert said in str(caught.value)


def test_files_that_are_no_plan(tmp_path):
    with pytest.raises(TrainingError, match="no preset is called 'tiny'; there are text, short"):
        make_plan("tiny")
    with pytest.raises(TrainingError, match=r"cannot read the plan"):
        make_plan(file=tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[run\n")
    with pytest.raises(TrainingError, match="is not TOML"):
        make_plan(file=broken)
    with pytest.raises(TrainingError, match="a plan must be TOML"):
        read_plan("[run\n")


def test_every_value_of_a_plan_is_plain():
    table = TrainPlan(data=DataPlan(train=("generated:",))).to_table()
    assert tomllib.loads(TrainPlan().to_toml()).keys() == table.keys()
    assert NOTHING == "none"
