"""Pictures and the line of words that are made of what a run recorded."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lift15.data.batch import Batch
from lift15.training.watching import MetricsFile, draw_alphas, draw_curves, draw_sample
from lift15.training.watching.alpha_map import alpha_name, frame_ranks
from lift15.training.watching.curves import smooth
from lift15.training.watching.summary import summarise
from vfiblocks import Interpolation, Window, build_model
from vfiblocks.errors import MissingDependency, TrainingError
from vfiblocks.plots.filmstrip import GAP, LABEL

HEAD, FOOT, PANEL = 28, 32, 192


def batch_for(window: Window, *, known: bool = False) -> Batch:
    frames = torch.randint(0, 256, (2, len(window), 3, 32, 48), dtype=torch.uint8)
    valid = torch.ones(2, len(window), dtype=torch.bool)
    batch = Batch(frames, valid, frames[:, 0], window, ("clip a:8", "clip b:9"))
    if not known:
        return batch
    return replace(
        batch,
        flow=torch.full((2, 2, 2, 32, 48), 6.0),
        visible=torch.ones(2, 2, 1, 32, 48, dtype=torch.bool),
        known=torch.tensor([True, False]),
    )


def made_by(name: str, batch: Batch) -> Interpolation:
    model = build_model(name).eval()
    with torch.no_grad():
        result: Interpolation = model(batch.inputs(), batch.window, batch.valid)
    return result


def rows_of(sheet: torch.Tensor) -> float:
    return (sheet.shape[-2] - HEAD - FOOT - GAP) / (GAP + LABEL + PANEL)


@pytest.fixture(scope="module")
def lift15() -> tuple[Interpolation, Batch]:
    batch = batch_for(Window.hole(15, 8), known=True)
    batch.valid[0, 0] = False
    return made_by("lift15-tiny", batch), batch


def test_a_sheet_has_a_row_more_where_the_motion_is_known(lift15: tuple[Interpolation, Batch]):
    result, batch = lift15
    assert rows_of(draw_sample(result, batch, index=0)) == 4
    assert rows_of(draw_sample(result, batch, index=1)) == 3


def test_a_sheet_shows_the_pictures_as_they_are(lift15: tuple[Interpolation, Batch]):
    result, batch = lift15
    grey = replace(batch, target=torch.full_like(batch.target, 51))
    sheet = draw_sample(result, grey)
    second_row = HEAD + 2 * (GAP + LABEL) + PANEL
    truth = sheet[:, second_row : second_row + PANEL, GAP : GAP + 288]
    assert torch.allclose(truth, torch.tensor(0.2))
    assert sheet.min() >= 0
    assert sheet.max() <= 1


def test_models_without_an_aggregator_show_their_blend():
    batch = batch_for(Window.even(1, 1))
    assert rows_of(draw_sample(made_by("rife", batch), batch)) == 3


def test_a_sheet_of_true_motion_tells_the_true_speed(
    lift15: tuple[Interpolation, Batch], monkeypatch: pytest.MonkeyPatch
):
    labels: list[str] = []
    import lift15.training.watching.sheet as sheet

    real = sheet.filmstrip
    monkeypatch.setattr(
        sheet,
        "filmstrip",
        lambda panels, **options: labels.extend(p.label for p in panels) or real(panels, **options),
    )
    draw_sample(*lift15, title="step 7")
    assert "true flow to right, wheel 8.5 px" in labels  # 6 * sqrt(2), at the same scale as
    assert "flow to right, wheel 8.5 px" in labels
    assert "weight of each frame" in labels


def test_ranks_follow_time_and_not_the_list():
    window = Window((4.0, 0.0, 2.0), 1.0)
    assert frame_ranks(window) == (2, -1, 1)
    assert frame_ranks(Window.hole(15, 8)) == (*range(-8, 0), *range(1, 7))
    assert frame_ranks(Window.hole(15, 8).reversed()) == (*range(-6, 0), *range(1, 9))


def test_alphas_brighten_where_they_grow():
    recorded = {
        alpha_name(-1): dict.fromkeys(range(1, 400), 0.5),
        alpha_name(1): {step: step / 800 for step in range(1, 400)},
    }
    picture = draw_alphas(recorded)
    assert picture is not None
    right = picture[:, 26 + 18 + 9, 48:520].mean(dim=0)
    assert right[-8] > right[240] > right[4]
    assert picture[:, 26 + 9, 60].mean() == pytest.approx(1.0)


def test_smoothing_passes_over_what_is_no_number():
    nan = float("nan")
    assert smooth([2.0, nan, 2.0], span=5) == pytest.approx([2.0, 2.0, 2.0])
    assert smooth([nan, 1.0], span=5)[1] == 1.0


def record(folder: Path, steps: int, level: float) -> Path:
    folder.mkdir()
    with MetricsFile(folder / "metrics.csv") as file:
        for step in range(1, steps + 1):
            file.write(step, {
                "loss/total": level + 1 / step, "raw/l1": 1 / step, "rate/all": 1e-3,
                "rate/encoder": 1e-4, alpha_name(-1): 0.6, alpha_name(1): 0.4,
                "validation/psnr": 20 + step, "speed/waiting": 0.1,
            })  # fmt: skip
    return folder


def test_curves_of_several_runs_lie_over_each_other(tmp_path: Path):
    import cv2

    one, two = record(tmp_path / "one", 40, 0.1), record(tmp_path / "two", 5, 0.5)
    alone = cv2.imread(str(draw_curves(one)))
    path = draw_curves([one, two / "metrics.csv"], output=tmp_path / "both.png")
    both = cv2.imread(str(path))
    assert (one / "curves.png").exists()
    assert alone.shape == both.shape
    orange = (both == np.array([14, 127, 255])).all(axis=2)  # the second colour, as BGR
    assert orange.sum() > 200
    assert not (alone == np.array([14, 127, 255])).all(axis=2).any()


def test_runs_of_one_name_are_told_apart(tmp_path: Path):
    from lift15.training.watching.curves import _labels

    assert _labels([tmp_path / "a" / "run", tmp_path / "b" / "run"]) == ["a/run", "b/run"]
    with pytest.raises(TrainingError, match="one run twice"):
        _labels([tmp_path / "a", tmp_path / "b" / ".." / "a"])


def test_curves_of_nothing(tmp_path: Path):
    (tmp_path / "metrics.csv").write_text("step,name,value\n")
    with pytest.raises(TrainingError, match="nothing is recorded yet"):
        draw_curves(tmp_path)
    with pytest.raises(TrainingError, match="at least one run folder"):
        draw_curves([])


def test_curves_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = record(tmp_path / "run", 3, 0.1)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[train\]'"):
        draw_curves(folder)
    assert not (folder / "curves.png").exists()


def test_a_summary_tells_what_was_recorded():
    assert summarise({}) == "0 steps: nothing recorded"
    assert summarise({"loss/total": {3: 0.25}}) == "3 steps: loss 0.25 (first 0.25)"
    rising = {"validation/psnr": {10: 20.0, 20: 21.0}, "speed/hours": {20: 2.5}}
    assert summarise(rising) == "20 steps in 2 h 30 min: validation 21.00 dB"
    falling = {"validation/psnr": {10: 22.0, 20: 21.0}}
    assert summarise(falling) == "20 steps: validation 21.00 dB (best 22.00 at step 10)"
