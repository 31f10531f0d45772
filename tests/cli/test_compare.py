"""``vfi compare``: results of two models, or two models, item by item."""

import json

import pytest

from lift15.data import photo_scene
from lift15.evaluation.results import IDENTITY, ResultFile, Row
from vfiblocks.video import write_video


def write(folder, model, scores, measure="psnr", **identity):
    """Results as `vfi evaluate` leaves them; two items per scene."""
    plain = dict.fromkeys(IDENTITY, "x") | {"model": model, "protocol": "mine"} | identity
    with ResultFile(folder, plain, (measure, "ssim")) as file:
        for k, value in enumerate(scores):
            found = {measure: value, "ssim": value / 100}
            file.append(Row(f"clip-{k}", f"scene-{k // 2}", 0.5, 2, 2, found))
    return folder


BEFORE = [30.0, 31.0, 29.0, 33.0, 30.5, 28.0, 27.0, 35.0]
GAINS = [0.4, 0.5, 0.3, 0.7, 0.2, 0.5, 0.6, 0.6]
AFTER = [value + gain for value, gain in zip(BEFORE, GAINS, strict=True)]


@pytest.fixture
def two(tmp_path):
    return write(tmp_path / "a", "rife", BEFORE), write(tmp_path / "b", "lift15", AFTER)


def test_two_folders_of_results(vfi, two):
    outcome = vfi("compare", *two)
    assert outcome.code == 0
    head, row = (line.split("\t") for line in outcome.out.splitlines())
    cells = dict(zip(head, row, strict=True))
    assert cells["items"] == "mine, psnr"
    assert cells["count"] == "8"
    assert float(cells["difference"]) == pytest.approx(sum(GAINS) / 8, abs=1e-3)
    assert float(cells["low"]) < float(cells["difference"]) < float(cells["high"])
    assert cells["verdict"] == "better"
    assert "lift15 is better than rife" in outcome.err
    assert "8 clips of 4 scenes, better on 4 scenes and worse on 0" in outcome.err
    assert "not sorted by motion, which needs the data" in outcome.err


def test_the_other_way_round_it_is_worse(vfi, two):
    assert "rife is worse than lift15" in vfi("compare", *reversed(two)).err


def test_a_model_with_itself_is_equivalent(vfi, two):
    outcome = vfi("compare", two[0], two[0])
    assert "rife (second) is equivalent to rife (first) within 0.05 dB: +0.000" in outcome.err


def test_one_of_several_models_is_named(vfi, refused, two):
    folder, _ = two
    write(folder, "lift15", AFTER)
    write(folder, "classical", BEFORE)
    said = refused("compare", folder, f"{folder}:lift15")
    assert f"{folder} holds results of lift15, rife; name one, as in {folder}:lift15" in said
    assert "lift15 is better than rife" in vfi("compare", f"{folder}:rife", f"{folder}:lift15").err
    assert vfi("compare", f"{folder}:classical", folder / "mine" / "lift15.csv").code == 0
    said = refused("compare", f"{folder}:rive", f"{folder}:lift15")
    assert "holds no results of 'rive', but of classical, lift15, rife" in said


def test_a_baseline_stands_aside_where_a_model_is_meant(vfi, two):
    write(two[0], "repeat", BEFORE)
    assert vfi("compare", *two).code == 0


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"protocol_hash": "y"}, "under different variants of a protocol: x and y"),
        ({"data": "z"}, "under different data: x and z"),
    ],
)
def test_numbers_that_were_not_made_alike_are_refused(refused, tmp_path, two, identity, said):
    other = write(tmp_path / "c", "other", AFTER, **identity)
    assert f"rife and other were measured {said}" in refused("compare", two[0], other)


def test_no_protocol_in_common(refused, tmp_path, two):
    other = write(tmp_path / "c", "other", AFTER, protocol="theirs")
    said = refused("compare", two[0], other)
    assert "nothing that both were measured under: rife has mine, other theirs" in said


def test_measures(vfi, refused, two):
    assert "p = " in vfi("compare", *two, "--metric", "ssim").err
    assert "psnr-edges" in refused("compare", *two, "--metric", "psnr-edges")
    assert "psnrr" in refused("compare", *two, "--metric", "psnrr")


def test_items_that_one_lacks_are_left_out_and_counted(vfi, tmp_path, two):
    other = write(tmp_path / "c", "other", AFTER[:6])
    outcome = vfi("compare", two[0], other)
    assert "2 items that only one of the two has scores for were left out" in outcome.err


def test_what_is_no_result_is_taken_for_a_model(refused, tmp_path, two):
    said = refused("compare", two[0], "lift15-tiny")
    assert "to measure it as a model, give --protocol and --root" in said
    assert "holds no results of vfi evaluate" in refused("compare", tmp_path / "a", tmp_path)
    said = refused("compare", two[0], "rife", "--root", tmp_path)
    assert "--root needs --protocol" in said


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for k, seed in enumerate((1, 2, 3)):
        scene = photo_scene(9, height=64, width=96)
        write_video(folder / f"{k}.mp4", scene.roll(seed * 20, dims=-1), rate=24)
    return folder


def test_two_models_are_measured_sorted_by_motion_and_drawn(vfi, videos, tmp_path):
    out = tmp_path / "out"
    command = (
        "compare", "average", "classical", "--protocol", "clips", "--root", videos, "--out", out,
        "--set", "left=2", "--set", "right=2", "--set", "windows=3", "--cases", 1,
        "--device", "cpu",
    )  # fmt: skip
    outcome = vfi(*command)
    assert outcome.code == 0, outcome.err
    assert "classical is better than average" in outcome.err
    kinds = "best", "median", "worst"
    assert {path.name for path in out.glob("*.png")} == {f"clips-{k}-1.png" for k in kinds}
    page = (out / "comparison.md").read_text()
    assert "# classical against average" in page
    assert "![best 1" in page
    (plain,) = json.loads((out / "comparison.json").read_text())
    assert plain["overall"]["verdict"] == "better"
    assert len(plain["gains"]) == 9
    assert sum(part["clips"] for part in plain["by_motion"].values()) in (0, 9)
    assert plain["by_motion"] or "not sorted by motion" in plain["notes"][0]
    times = {path: path.stat().st_mtime_ns for path in out.glob("scores/*/clips/*.csv")}
    assert len(times) == 2
    vfi(*command)
    assert {path: path.stat().st_mtime_ns for path in times} == times, "nothing is measured twice"


def test_two_checkpoints_of_one_name(vfi, videos, tmp_path):
    from vfiblocks import build_model, save

    for k, folder in enumerate(("before", "after")):
        (tmp_path / folder).mkdir()
        model = build_model("lift15-tiny", aggregator=None)
        save(model, tmp_path / folder / "model.safetensors", facts={"seed": str(k)})
    outcome = vfi(
        "compare", tmp_path / "before/model.safetensors", tmp_path / "after/model.safetensors",
        "--protocol", "clips", "--root", videos, "--set", "left=1", "--set", "right=1",
        "--set", "windows=1", "--set", "crop=32x32", "--no-motion", "--device", "cpu",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "after against before is undecided" in outcome.err or "than before" in outcome.err
    assert "3 clips of 3 scenes" in outcome.err
