import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.plots import bars

BLUE, GREY = torch.tensor([0.25, 0.45, 0.70]), torch.tensor([0.85, 0.85, 0.85])


def heights(picture: torch.Tensor, count: int, colour: torch.Tensor) -> list[int]:
    """How many pixels of a colour stand in the middle of each column."""
    width = picture.shape[-1] // count
    same = (picture == colour[:, None, None]).all(dim=0)
    return [int(same[:, width * i + width // 2].sum()) for i in range(count)]


def test_heights_are_in_proportion():
    picture = bars(torch.tensor([1.0, 0.5, 0.0, 0.25]), "abcd", size=(132, 80))
    tall, half, none, quarter = heights(picture, 4, BLUE)
    assert tall == 100
    assert (half, none, quarter) == (50, 0, 25)


def test_a_line_above_all_bars_sets_the_scale():
    picture = bars(torch.tensor([0.5]), "a", size=(132, 40), line=1.0)
    assert heights(picture, 1, BLUE) == [50]


def test_what_is_missing_is_grey_and_what_is_strong_is_not_blue():
    picture = bars(torch.tensor([0.0, 1.0, 1.0]), "abc", size=(132, 90), strong=(2,), missing=(0,))
    assert heights(picture, 3, GREY) == [100, 0, 0]
    assert heights(picture, 3, BLUE) == [0, 100, 0]


@pytest.mark.parametrize(
    ("values", "labels"), [(torch.ones(2), "abc"), (torch.ones(1, 3), "a"), (torch.ones(0), "")]
)
def test_one_label_for_each(values: torch.Tensor, labels: str):
    with pytest.raises(InputError, match=rf"{len(labels)} labels for \({len(values)}"):
        bars(values, labels, size=(40, 40))


def test_all_zero_is_drawn_flat():
    assert heights(bars(torch.zeros(2), "ab", size=(60, 40)), 2, BLUE) == [0, 0]
