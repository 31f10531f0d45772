"""Telling bad runs from bad moments."""

import math

import pytest

from lift15.training.divergence import LEAST, Diverged, Gauge, diverged
from vfiblocks.errors import TrainingError


def test_a_noisy_fall_is_fine():
    gauge = Gauge(factor=3, steps=5)
    for step in range(2000):
        noise = 1 + 0.9 * math.sin(37.0 * step)
        assert gauge.add(noise * (0.01 + math.exp(-step / 300))) is None


def test_single_peaks_are_fine():
    gauge = Gauge(factor=10, steps=3)
    for step in range(500):
        assert gauge.add(50.0 if step % 3 else 0.1) is None or step > LEAST
    gauge = Gauge(factor=10, steps=3)
    for step in range(500):
        assert gauge.add(50.0 if step % 10 in (0, 1) and step > 50 else 0.1) is None


def test_staying_high_is_not():
    gauge = Gauge(factor=10, steps=3)
    for _ in range(LEAST):
        assert gauge.add(0.1) is None
    assert gauge.add(2.0) is None
    assert gauge.suspicious
    assert gauge.add(2.0) is None
    assert gauge.add(2.5) == (
        "was over 10 times its running median (0.1) for 3 steps in a row, last 2.5"
    )


def test_zero_steps_never_complain():
    gauge = Gauge(factor=2, steps=0)
    assert not any(gauge.add(0.1) for _ in range(30))
    assert not any(gauge.add(1e6) for _ in range(300))


def test_it_goes_on_where_it_was():
    one, other = Gauge(factor=10, steps=3), Gauge(factor=10, steps=3)
    for loss in [0.1] * LEAST + [5.0, 5.0]:
        one.add(loss)
    other.load_state_dict(one.state_dict())
    assert one.add(5.0) == other.add(5.0) is not None


def test_the_message_has_everything_and_no_more():
    error = diverged(9, "the loss term l1 is nan", [f"clip{i}" for i in range(20)], kept="last")
    assert isinstance(error, Diverged)
    assert isinstance(error, TrainingError)
    text = str(error)
    assert "step 9" in text
    assert "clip7 and 12 more" in text
    assert "\n" not in text


@pytest.mark.parametrize("factor", [1.5, 100])
def test_the_first_steps_say_nothing(factor):
    gauge = Gauge(factor=factor, steps=1)
    assert not any(gauge.add(10.0**step) for step in range(LEAST))
