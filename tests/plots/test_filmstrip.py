import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.plots import Panel, filmstrip
from vfiblocks.plots.filmstrip import GAP, LABEL


def test_panels_land_in_rows_with_their_picture():
    panels = [Panel(str(i), torch.full((3, 20, 30), i / 4)) for i in range(4)]
    strip = filmstrip(panels, columns=3, height=20)
    assert strip.shape == (3, 2 * (GAP + LABEL + 20) + GAP, 3 * (GAP + 30) + GAP)
    second_row = GAP + LABEL + 20 + GAP + LABEL
    assert torch.allclose(strip[:, second_row + 5, GAP + 5], torch.tensor(0.75))
    assert torch.equal(strip[:, second_row + 5, -5], torch.ones(3))


def test_labels_are_drawn():
    strip = filmstrip([Panel("hello", torch.ones(1, 20, 80))], columns=1, height=20)
    assert strip[:, GAP : GAP + LABEL].min() < 0.5


def test_nothing_to_arrange():
    with pytest.raises(InputError, match="0 and 3"):
        filmstrip([], columns=3)
