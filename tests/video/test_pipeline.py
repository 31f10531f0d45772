"""Background threads: the same items in order, errors where they belong, nobody left waiting."""

import threading
import time
from collections.abc import Iterator

import pytest

from vfiblocks.video.pipeline import read_ahead, write_behind


def alive() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("vfiblocks-")]


def numbers(count: int, then: BaseException | None = None) -> Iterator[int]:
    yield from range(count)
    if then is not None:
        raise then


@pytest.mark.parametrize("depth", [1, 3])
def test_all_items_in_order(depth: int):
    assert list(read_ahead(numbers(50), depth=depth)) == list(range(50))
    assert alive() == []


def test_a_reading_error_comes_where_it_belongs():
    reader = read_ahead(numbers(3, RuntimeError("the third")))
    assert [next(reader) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match="the third"):
        next(reader)
    assert alive() == []


def test_it_reads_no_further_ahead_than_told():
    taken = []

    def watched() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    reader = read_ahead(watched(), depth=2)
    next(reader)
    time.sleep(0.3)
    assert len(taken) <= 4  # one out, two waiting, one in hand
    reader.close()
    assert alive() == []


def test_the_source_is_closed_in_its_own_thread():
    closed = []

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(threading.current_thread().name)

    for item in read_ahead(source()):
        if item == 3:
            break
    deadline = time.monotonic() + 5
    while not closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert closed == ["vfiblocks-read-ahead"]


def test_all_is_written_before_the_block_ends():
    written = []

    def slow(item: int) -> None:
        time.sleep(0.002)
        written.append(item)

    with write_behind(slow, depth=2) as put:
        for number in range(30):
            put(number)
    assert written == list(range(30))
    assert alive() == []


def test_a_writing_error_reaches_the_writer():
    def fail(item: int) -> None:
        if item == 2:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), write_behind(fail, depth=1) as put:
        list(map(put, range(1000)))
    assert alive() == []


def test_an_error_at_the_very_end_is_not_lost():
    def fail(item: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), write_behind(fail) as put:
        put(1)


def test_the_writer_s_own_error_stops_the_thread():
    def interrupted() -> None:
        with write_behind(lambda item: None) as put:
            put(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert alive() == []
