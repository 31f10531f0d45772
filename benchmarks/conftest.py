"""The ``compare`` fixture and ``--record``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path

import cv2
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import record
from benchmarks.measure import Alternative, Comparison, Interleaved, disagreement, peak_bytes
from benchmarks.quiet import OtherWork, wait_until_quiet

Compare = Callable[..., Comparison]
HERE = Path(__file__).parent
COMPARISONS = pytest.StashKey[dict[str, list[Comparison]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write benchmarks/results/<suite>.json for every suite that ran",
    )
    parser.addoption(
        "--threads",
        type=int,
        default=torch.get_num_threads(),
        metavar="N",
        help="of torch and OpenCV; 1 keeps ratios sound while other processes use a core",
    )
    parser.addoption(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long every comparison waits for other processes to be quiet",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record") and config.getoption("--benchmark-disable"):
        raise pytest.UsageError("--record has nothing to record with --benchmark-disable")
    torch.set_num_threads(config.getoption("--threads"))
    cv2.setNumThreads(config.getoption("--threads"))
    config.stash[COMPARISONS] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(0))  # slow is a result here, never a failure


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if not session.config.getoption("--record") or exitstatus != pytest.ExitCode.OK:
        return
    for suite, comparisons in session.config.stash[COMPARISONS].items():
        record.write(suite, comparisons)


@pytest.fixture
def compare(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Compare:
    """Check that alternatives agree, then time them in turn.

    The timings that pytest-benchmark prints are those of a whole round; those of each alternative
    and the ratios stand in ``extra_info``, and with ``--record`` in the result file.
    """

    def run(
        title: str,
        alternatives: Mapping[str, Alternative],
        *,
        size: str,
        case: str = "",
        spec: str | None = None,
        tolerance: float | None = None,
        apart: Collection[str] = (),
        rounds: int = 9,
        memory: bool = False,
    ) -> Comparison:
        """Compare.

        Args:
            title: the question.
            alternatives: by name; the first is what the others are divided into.
            size: of the frames.
            case: what sets this comparison apart from others of its title.
            spec: fingerprint of the spec measured.
            tolerance: largest difference between alternatives, relative to the largest value.
            apart: those that compute something else, such as a bound; they are only timed.
            rounds: how often.
            memory: also count the memory of one call of each.
        """
        comparison = Comparison(title, case, size, spec, tolerance)
        with torch.inference_mode():
            _check(alternatives, tolerance, apart)
            interleaved = Interleaved(alternatives)
            benchmark.group = title
            wait_until_quiet(request.config.getoption("--patience"))
            others = OtherWork()
            benchmark.pedantic(interleaved, rounds=rounds, iterations=1, warmup_rounds=1)
            comparison.disturbance = others.cores()
            comparison.rows = interleaved.rows(rounds)
            comparison.rounds = len(next(iter(interleaved.laps.values()))[-rounds:])
            for row in comparison.rows if memory else ():
                row["peak_bytes"] = peak_bytes(alternatives[row["name"]])
        benchmark.extra_info.update(asdict(comparison), threads=torch.get_num_threads())
        benchmark.extra_info["rows"] = comparison.rows  # shared, so that a test may add to them
        suite = request.module.__name__.rpartition("test_")[2]
        request.config.stash[COMPARISONS].setdefault(suite, []).append(comparison)
        return comparison

    return run


def _check(
    alternatives: Mapping[str, Alternative], tolerance: float | None, apart: Collection[str]
) -> None:
    alike = {name: call for name, call in alternatives.items() if name not in apart}
    if tolerance is None or len(alike) < 2:
        return
    (first, slow), *others = alike.items()
    truth = slow()
    for name, call in others:
        error = disagreement(call(), truth)
        assert error <= tolerance, f"'{name}' differs from '{first}' by {error:.2e} > {tolerance}"
