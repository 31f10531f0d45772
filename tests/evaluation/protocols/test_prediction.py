"""Models behind a protocol: the same pictures as when they are called by hand."""

import pytest
import torch

from lift15.evaluation.prediction import ModelPredictor, Shown, flipped, load_predictor
from lift15.evaluation.protocols import find_protocol
from lift15.evaluation.runner import Run, evaluate
from vfiblocks import Window, build_model, save
from vfiblocks.errors import InputError

ALL = torch.ones(1, 2, dtype=torch.bool)


@pytest.fixture
def midpoints():
    return build_model("rife", flow={"channels": (8, 8, 8)}).eval()


def pair(height=32, width=48):
    return Shown(torch.rand(1, 2, 3, height, width), ALL)


def test_midpoints_are_asked_for_directly(midpoints):
    shown = pair()
    (made,) = ModelPredictor(midpoints, name="m").predict(shown, [Window.even(1, 1)])
    with torch.inference_mode():
        assert torch.equal(made, midpoints(shown.frames).image)


def test_eighths_are_midpoints_of_midpoints(midpoints):
    shown = pair()
    left, right = shown.frames[:, 0], shown.frames[:, 1]

    def middle(one, other):
        with torch.inference_mode():
            return midpoints(torch.stack([one, other], dim=1)).image

    half = middle(left, right)
    quarter = middle(left, half)
    expected = {
        0.125: middle(left, quarter),
        0.25: quarter,
        0.375: middle(quarter, half),
        0.5: half,
    }
    times = [0.375, 0.125, 0.5, 0.25]  # in no order
    windows = [Window.even(1, 1, time) for time in times]
    made = ModelPredictor(midpoints, name="m").predict(shown, windows)
    for time, picture in zip(times, made, strict=True):
        assert torch.allclose(picture, expected[time], atol=1e-6), time


def test_any_time_is_asked_for_as_it_is():
    model = build_model("rife-m", flow={"channels": (8, 8, 8)}).eval()
    shown = pair()
    window = Window.even(1, 1, 1 / 3)
    predictor = ModelPredictor(model, name="m")
    assert predictor.refusal(1 / 3) == ""
    (made,) = predictor.predict(shown, [window])
    with torch.inference_mode():
        assert torch.equal(made, model(shown.frames, window).image)


def test_what_stands_for_missing_frames_does_not_matter():
    predictor = ModelPredictor(build_model("lift15-tiny").eval(), name="m")
    assert (predictor.reach, predictor.layout) == ((8, 6), "hole")
    window = Window.even(8, 6)
    valid = torch.zeros(1, 14, dtype=torch.bool)
    valid[:, 6:10] = True
    frames = torch.rand(1, 14, 3, 32, 48)
    noise = torch.where(valid[..., None, None, None], frames, torch.rand_like(frames))
    (one,), (other,) = (predictor.predict(Shown(f, valid), [window]) for f in (frames, noise))
    assert torch.equal(one, other)
    (whole,) = predictor.predict(Shown(noise, torch.ones_like(valid)), [window])
    assert not torch.equal(one, whole)


def test_the_window_is_moved_to_where_the_model_was_trained():
    """Fifteen frames with a hole are, to LIFT-15, frames 0 to 14 and not -8 to 6."""
    model = build_model("lift15-tiny").eval()
    frames = torch.rand(1, 14, 3, 32, 48)
    shown = Shown(frames, torch.ones(1, 14, dtype=torch.bool))
    around = Window(tuple(float(k) for k in range(-8, 7) if k), 0.0)
    (made,) = ModelPredictor(model, name="m").predict(shown, [around])
    with torch.inference_mode():
        assert torch.equal(made, model(frames, Window.hole(15, 8)).image)


@pytest.mark.parametrize(
    ("window", "layout"),
    [
        (Window.hole(15, 8), "hole"),
        (Window.hole(7, 3), "hole"),
        (Window.even(2, 2), "even"),
        (Window.even(4, 3), "even"),
        (Window.even(1, 1), ""),
        (Window.hole(3, 1), ""),
        (Window((0.0, 3.0, 5.0), 4.0), ""),
    ],
)
def test_the_layout_a_model_was_made_for(window, layout):
    model = build_model("lift15-tiny", window=window).eval()
    assert ModelPredictor(model, name="m").layout == layout


def test_flipping_a_model(midpoints):
    shown = pair()
    predictor = ModelPredictor(midpoints, name="m")
    (made,) = flipped(predictor, shown, [Window.even(1, 1)])
    with torch.inference_mode():
        turned = midpoints(shown.frames.flip(-1, -2)).image.flip(-1, -2)
        assert torch.allclose(made, (midpoints(shown.frames).image + turned) / 2, atol=1e-6)


def test_weights_are_known_by_their_numbers(midpoints, tmp_path):
    path = save(midpoints, tmp_path / "mine.safetensors")
    loaded = load_predictor(path, device="cpu")
    assert loaded.name == "mine"
    own = ModelPredictor(midpoints, name="m")
    assert loaded.identity == own.identity
    with torch.no_grad():
        next(midpoints.parameters()).add_(1e-3)
    assert ModelPredictor(midpoints, name="m").identity["weights"] != own.identity["weights"]
    half = load_predictor(path, device="cpu", precision="bfloat16")
    assert half.identity["precision"] == "bfloat16"
    with pytest.raises(InputError, match="precision is one of"):
        load_predictor(path, device="cpu", precision="float8")


def test_random_weights_have_to_be_insisted_on():
    with pytest.raises(InputError, match="no trained weights"):
        load_predictor("lift15-tiny", device="cpu")


def test_a_network_through_the_whole_way(septuplets, tmp_path):
    model = ModelPredictor(build_model("lift15-tiny").eval(), name="tiny")
    protocol = find_protocol("vimeo-septuplet-hole")
    (summary,) = evaluate([model], [protocol], septuplets, Run(output=tmp_path / "out"))
    assert summary.items == 3
    assert 0 < summary.scores["psnr"] < 60
    assert "reads 14 frames and was shown 6; the others were marked missing" in summary.notes
