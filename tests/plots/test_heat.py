import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.plots import heat, heat_bar, heat_map


def test_brightness_grows_with_the_number():
    colours = heat(torch.linspace(0.0, 1.0, 256)[None], largest=1.0)
    grey = 0.299 * colours[0] + 0.587 * colours[1] + 0.114 * colours[2]
    assert (grey[0].diff() > 0).all()
    assert torch.equal(colours[:, 0, 0], torch.zeros(3))
    assert torch.equal(colours[:, 0, -1], torch.ones(3))


def test_what_exceeds_the_scale_is_white_and_nothing_at_all_is_black():
    assert torch.equal(heat(torch.tensor([[3.0]]), largest=0.2), torch.ones(3, 1, 1))
    assert torch.equal(heat(torch.zeros(2, 4, 5)), torch.zeros(2, 3, 4, 5))


def test_the_legend_has_the_colours_of_the_map():
    bar = heat_bar(102, "0.2")
    assert torch.allclose(bar[:, 20, 1:-1], heat(torch.linspace(0.0, 1.0, 100)[None])[:, 0])


def test_a_table_becomes_cells_with_grey_where_nothing_is_known():
    table = torch.tensor([[0.0, 1.0], [float("nan"), 0.5]])
    names = {"rows": ("a", "b"), "columns": ("1", "2")}
    picture = heat_map(table, **names, title="t", cell=(20, 100))
    inside = [[picture[:, 26 + 20 * r + 10, 48 + 100 * c + 50] for c in (0, 1)] for r in (0, 1)]
    assert torch.equal(inside[0][0], torch.zeros(3))
    assert torch.equal(inside[0][1], torch.ones(3))
    assert torch.allclose(inside[1][0], torch.full((3,), 0.6))
    assert torch.allclose(inside[1][1], heat(torch.tensor([[0.5]]), largest=1.0)[:, 0, 0])


@pytest.mark.parametrize("table", [torch.ones(2, 3), torch.ones(4), torch.ones(0, 0)])
def test_labels_have_to_fit(table: torch.Tensor):
    with pytest.raises(InputError, match="for each of 2 rows and 2 columns"):
        heat_map(table, rows=("a", "b"), columns=("1", "2"), title="t")
