import pytest
import torch

from vfiblocks.plots import lettering


def ink(strip: torch.Tensor) -> tuple[list[int], list[int]]:
    """Rows and columns that hold something dark."""
    dark = strip[0] < 0.5
    return dark.any(dim=1).nonzero().flatten().tolist(), dark.any(
        dim=0
    ).nonzero().flatten().tolist()


def test_long_text_is_made_to_fit():
    _, short = ink(lettering("flow", (26, 200)))
    _, long = ink(lettering("flow to the right reference, in pixels", (26, 200)))
    assert max(short) < 100
    assert max(long) <= 197


@pytest.mark.parametrize(("align", "left", "right"), [("left", 0, 40), ("right", 160, 200)])
def test_alignment(align: str, left: int, right: int):
    _, columns = ink(lettering("ab", (26, 200), align=align))
    assert left <= min(columns)
    assert max(columns) <= right


def test_lines_share_their_base_whatever_is_written():
    flat, deep = (ink(lettering(text, (26, 60)))[0] for text in ("xx", "xg"))
    assert min(flat) == min(deep)
    assert max(flat) < max(deep) <= 25


def test_letters_stay_within_a_low_strip():
    assert lettering("Ag", (8, 60)).shape == (1, 8, 60)
    assert lettering("", (8, 60)).min() == 1.0
