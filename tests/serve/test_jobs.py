"""Work ends when its tab, the clock or the server says so."""

import pytest

from lift15.serve.jobs import Jobs, Stopped


def test_only_the_tab_that_asked_is_stopped():
    jobs = Jobs(minutes=1)
    with jobs.running("one") as one, jobs.running("two") as two:
        assert jobs.cancel("one")
        two.check()
        with pytest.raises(Stopped, match="cancelled"):
            one.check()
    assert not jobs.cancel("one")


def test_the_next_job_of_a_tab_begins_afresh():
    jobs = Jobs(minutes=1)
    with jobs.running("one"):
        jobs.cancel("one")
    with jobs.running("one") as again:
        again.check()


def test_time_is_limited():
    with (
        Jobs(minutes=1e-9).running("one") as job,
        pytest.raises(Stopped, match="longer than the 1e-09 min"),
    ):
        job.check()


def test_the_end_of_the_server_stops_what_runs_and_what_waits():
    jobs = Jobs(minutes=1)
    with jobs.running("one") as running:
        jobs.close()
        with pytest.raises(Stopped):
            running.check()
    with jobs.running("two") as waited, pytest.raises(Stopped):
        waited.check()
