"""The file of metrics: whole rows only, in order, none twice, whatever a kill left behind."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.training.watching import MetricsFile, read_metrics
from vfiblocks.errors import TrainingError

NAMES = ("loss/total", "raw/l1", "alphas/left-1")


def rows(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text().splitlines()[1:]
    return [(int(line.split(",")[0]), line.split(",")[1]) for line in lines]


@given(st.integers(1, 12), st.integers(0, 12), st.integers(0, 400))
def test_a_killed_and_resumed_run_has_each_row_once(
    tmp_path_factory: pytest.TempPathFactory, killed: int, saved: int, cut: int
):
    saved = min(saved, killed)  # a checkpoint is no later than the kill
    path = tmp_path_factory.mktemp("run") / "metrics.csv"
    with MetricsFile(path) as file:
        for step in range(1, killed + 1):
            file.write(step, dict.fromkeys(NAMES, step / 3))
    whole = path.read_bytes()
    kept = sum(len(line) for line in whole.splitlines(keepends=True)[: 1 + saved * len(NAMES)])
    path.write_bytes(whole[: max(kept, len(whole) - cut)])  # the kill came amid a later row
    with MetricsFile(path, step=saved) as file:
        file.write(saved, dict.fromkeys(NAMES, 0.0))  # a validation that is made again
        for step in range(saved + 1, 14):
            file.write(step, dict.fromkeys(NAMES, step / 3))
    expected = [(step, name) for step in range(0 if not saved else 1, 14) for name in NAMES]
    assert rows(path) == expected
    found = read_metrics(path)
    assert all(found[name][step] == pytest.approx(step / 3) for name in NAMES for step in (1, 13))


def test_a_row_that_was_cut_is_no_row(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,name,value\n1,loss/total,0.5\n2,loss/total,0.2")
    assert read_metrics(tmp_path) == {"loss/total": {1: 0.5}}
    with MetricsFile(path, step=2) as file:
        file.write(2, {"loss/total": 0.25})
    assert read_metrics(tmp_path) == {"loss/total": {1: 0.5, 2: 0.25}}


def test_what_a_step_has_is_not_written_again(tmp_path: Path):
    with MetricsFile(tmp_path / "metrics.csv") as file:
        file.write(5, {"a": 1.0})
        file.write(5, {"a": 2.0, "b": 3.0})
    assert read_metrics(tmp_path) == {"a": {5: 1.0}, "b": {5: 3.0}}


def test_numbers_that_are_none_are_kept(tmp_path: Path):
    with MetricsFile(tmp_path / "metrics.csv") as file:
        file.write(1, {"a": float("nan"), "b": float("inf")})
    found = read_metrics(tmp_path)
    assert found["a"][1] != found["a"][1]
    assert found["b"][1] == float("inf")


def test_steps_do_not_go_back(tmp_path: Path):
    with MetricsFile(tmp_path / "metrics.csv", step=7) as file:
        file.write(8, {"a": 1.0})
        with pytest.raises(TrainingError, match="step 7 comes after step 8"):
            file.write(7, {"a": 1.0})


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,loss\n1,0.5\n")
    for act in (read_metrics, MetricsFile):
        with pytest.raises(TrainingError, match="is no file of metrics, its first line is 'epoch"):
            act(path)
    assert path.read_text() == "epoch,loss\n1,0.5\n"


def test_a_folder_without_one(tmp_path: Path):
    with pytest.raises(TrainingError, match="there is no such file; a run writes it"):
        read_metrics(tmp_path)


def test_a_header_that_was_cut(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,na")
    assert read_metrics(path) == {}
    with MetricsFile(path) as file:
        file.write(1, {"a": 1.0})
    assert read_metrics(path) == {"a": {1: 1.0}}
