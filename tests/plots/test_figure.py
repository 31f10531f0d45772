"""A result drawn as one figure."""

import sys
from pathlib import Path

import pytest
import torch

import vfiblocks.plots
from vfiblocks import Draft, Interpolation, Motion, Truth
from vfiblocks.errors import InputError, MissingDependency

pytest.importorskip("matplotlib")
SIZE, PADDED = (30, 50), (32, 64)


def result(batch=2):
    """Everything moves by (3, 4) to the left reference and back to the right one; odd sizes."""
    flow = torch.tensor([[3.0, 4.0], [-3.0, -4.0]]).view(1, 2, 2, 1, 1) / 4
    grid = [side // 4 for side in PADDED]
    motion = Motion(flow.expand(batch, 2, 2, *grid), torch.zeros(batch, 2, 1, *grid))
    references = torch.rand(batch, 2, 3, *PADDED)
    image = references[:, 0, :, : SIZE[0], : SIZE[1]].requires_grad_()
    return Interpolation(image, Draft(image, references), motion, None, references)


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def picture(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title().startswith(title)]
    return torch.as_tensor(axes.images[0].get_array()).float()


def test_the_left_stands_at_the_left_and_the_truth_beside_the_prediction():
    made = result()
    assert titles(made.plot()) == [
        "left reference", "draft", "prediction", "right reference",
        "flow to left", "visible in left", "visible in right", "flow to right",
    ]  # fmt: skip
    with_truth = made.plot(made.image)
    assert titles(with_truth)[3] == "truth"
    assert titles(with_truth)[7] == "error, mean 0.00 levels"


def test_pictures_are_those_of_the_sample_without_the_padding():
    made = result()
    shown = made.plot(Truth((made.image + 0.1).clamp(0, 1)), index=1)
    inside = made.references[1, 1, :, : SIZE[0], : SIZE[1]].movedim(0, -1)
    torch.testing.assert_close(picture(shown, "right reference"), inside)
    torch.testing.assert_close(picture(shown, "prediction"), made.image[1].movedim(0, -1).detach())
    assert picture(shown, "visible in left").unique().tolist() == [0.5]
    for title in titles(shown):
        assert tuple(picture(shown, title).shape) == (*SIZE, 3), title


def test_flow_is_told_in_pixels_of_the_picture_and_opposite_ways_have_opposite_colours():
    shown = result().plot()
    (words,) = [text.get_text() for axes in shown.axes for text in axes.texts]
    assert words == "rim 5.0 px"
    left, right = picture(shown, "flow to left"), picture(shown, "flow to right")
    torch.testing.assert_close(left + right, torch.ones(*SIZE, 3))  # of full strength


def test_a_difference_of_ten_levels_is_told_as_such():
    made = result(batch=1)
    made = made._replace(image=torch.full((1, 3, *SIZE), 0.5))
    assert "error, mean 10.00 levels" in titles(made.plot(made.image[0] + 10 / 255))


def test_a_notebook_gets_a_picture_and_nobody_else_a_window():
    shown = result().plot()
    assert shown._repr_png_().startswith(b"\x89PNG")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"index": 2}, "a sample from 0 to 1 of this batch, got 2"),
        ({"index": -1}, "got -1"),
        ({"truth": torch.rand(3, *SIZE)}, r"\(2, 3, 30, 50\), .* got \(3, 30, 50\)"),
        ({"truth": torch.rand(2, 3, *PADDED)}, r"got \(2, 3, 32, 64\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, said):
    with pytest.raises(InputError, match=f"plot wants .*{said}"):
        result().plot(**arguments)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "vfiblocks.plots.shown", raising=False)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[plot\]'"):
        result().plot()


def test_matplotlib_is_imported_when_something_is_plotted():
    folder = Path(vfiblocks.plots.__file__).parent
    users = [p.name for p in folder.glob("*.py") if "\nfrom matplotlib" in p.read_text()]
    assert users == ["shown.py"]  # which nobody imports before
    assert not [p.name for p in folder.glob("*.py") if "\nfrom vfiblocks.plots.sh" in p.read_text()]
