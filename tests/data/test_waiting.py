"""The share of time a loop waits for its data."""

import pytest

from lift15.data import WaitMeter


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def things(clock, *waits):
    for wait in waits:
        clock.now += wait
        yield wait


def test_waiting_is_measured_anew_after_it_was_taken(clock):
    meter = WaitMeter(things(clock, 1.0, 0.0, 2.0, 0.0), clock=clock)
    shares = []
    for number, _ in enumerate(meter):
        clock.now += 1.0
        if number % 2:
            shares.append(meter.take())
    assert shares == pytest.approx([1 / 3, 2 / 4])


def test_nothing_was_waited_for_before_the_start(clock):
    meter = WaitMeter([1, 2], clock=clock)
    assert meter.share == 0.0
    assert len(meter) == 2
    clock.now += 5.0  # the time before the loop is nobody's
    assert list(meter) == [1, 2]
    assert meter.share == 0.0


def test_a_loop_that_does_nothing_waits_all_the_time(clock):
    meter = WaitMeter(things(clock, 1.0, 2.0), clock=clock)
    assert list(meter) == [1.0, 2.0]
    assert meter.share == 1.0


def test_an_error_of_the_source_passes_through(clock):
    def failing():
        yield 1
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(WaitMeter(failing(), clock=clock))
