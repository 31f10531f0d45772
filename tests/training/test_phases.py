"""Learning rates as a function of the step."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.training.phases import Schedule
from lift15.training.plan import Phase, SchedulePlan, make_plan
from vfiblocks.errors import TrainingError


@given(st.lists(st.floats(0.5, 50), min_size=1, max_size=5), st.integers(500, 5000))
def test_phases_cover_all_steps(lengths, steps):
    plan = SchedulePlan(steps=steps, phases=tuple(Phase(length=length) for length in lengths))
    stretches = Schedule(plan).stretches
    assert stretches[0].start == 0
    assert stretches[-1].stop == steps
    assert all(a.stop == b.start for a, b in itertools.pairwise(stretches))
    for stretch in stretches:
        share = stretch.phase.length / sum(lengths)
        assert abs((stretch.stop - stretch.start) - share * steps) <= 1


def test_the_text_preset_scales_with_steps():
    plan = make_plan("text", settings=["schedule.steps=100"]).schedule
    schedule = Schedule(plan, per_epoch=7)
    assert schedule.steps == 100
    assert [s.stop for s in schedule.stretches] == [20, 60, 100]
    assert schedule.at(19).phase.freeze == ("encoder",)
    assert schedule.at(20).phase.rates == {"encoder": 0.1}
    assert schedule.factor(60) == pytest.approx(0.1)


def test_epochs_become_steps():
    assert Schedule(SchedulePlan(epochs=2.5), per_epoch=10).steps == 25
    assert Schedule(SchedulePlan(epochs=0.01), per_epoch=10).steps == 1
    with pytest.raises(TrainingError, match="epochs cannot be counted"):
        Schedule(SchedulePlan(epochs=2))


def test_too_few_steps_for_the_phases():
    with pytest.raises(TrainingError, match="phase 'b' gets no step: 2 steps are shared out"):
        Schedule(SchedulePlan(steps=2, phases=(Phase(length=9), Phase("b"), Phase(length=9))))


def test_warm_up_and_cosine():
    plan = SchedulePlan(steps=110, warmup=9, decay="cosine", final=0.1)
    schedule = Schedule(plan)
    rates = [schedule.factor(step) for step in range(110)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0, abs=1e-3)
    assert all(a < b for a, b in itertools.pairwise(rates[:10]))
    assert all(a > b for a, b in itertools.pairwise(rates[9:]))
    assert rates[-1] == pytest.approx(0.1)
    assert schedule.factor(10_000) == pytest.approx(0.1)


def test_constant_is_constant():
    schedule = Schedule(SchedulePlan(steps=10))
    assert {schedule.factor(step) for step in range(10)} == {1.0}
