"""Midpoints of midpoints: each made once, in order, from the frames nearest to it."""

from fractions import Fraction
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from lift15.making import frame_maker
from lift15.recursion import Recursion
from lift15.upsampling import check_factor
from vfiblocks import Window, assemble, find_spec
from vfiblocks.errors import InputError
from vfiblocks.video import Frame, Gap


class Image(NamedTuple):
    image: Tensor


class Mean:
    """A stand-in that averages its references and notes what it was asked."""

    window = Window.hole(15, 8)

    def __init__(self) -> None:
        self.asked: list[tuple[Window, Tensor | None, list[float]]] = []

    def __call__(self, frames: Tensor, window: Window, valid: Tensor | None) -> Image:
        self.asked.append((window, valid, frames[0, :, 0, 0, 0].tolist()))
        assert window.time == 0.5
        return Image(frames[:, list(window.references)].mean(1))


def gap_of(*values: float | None, middle: int = 1) -> Gap:
    """A gap between frames of one value each; None for those that do not exist."""
    frames = [
        None if value is None else Frame(Fraction(i), rgb=torch.full((3, 2, 2), float(value)))
        for i, value in enumerate(values)
    ]
    return Gap(0, tuple(frames), middle)


def even(parts: int, left: int = 1, right: int = 1) -> list[Window]:
    return [Window.even(left, right, k / parts) for k in range(1, parts)]


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_each_frame_is_made_once_and_lies_where_it_should(parts: int):
    model: Any = Mean()
    made = list(Recursion(model)(gap_of(0, 1), even(parts)))
    assert [float(frame.mean()) for frame in made] == [k / parts for k in range(1, parts)]
    assert len(model.asked) == parts - 1
    assert all(window.positions == (7.0, 9.0) for window, *_ in model.asked)


def test_a_model_of_many_frames_sees_those_nearest_in_time():
    model: Any = Mean()
    list(Recursion(model)(gap_of(None, 0, 1, 2, middle=2), even(4, 2, 2)))
    (whole, some, seen), (early, here, near), (late, *_) = model.asked
    assert whole == Window.even(2, 2).shifted(8.0)
    assert some.tolist() == [[False, True, True, True]]
    assert seen == [0, 0, 1, 2]
    assert near == [0, 0, 0.5, 1]  # the frame at 2 has given way to the one just made
    assert here.tolist() == [[False, True, True, True]]
    assert early.positions == (8 - 5, 8 - 1, 8 + 1, 8 + 3)  # in units of the quarter gap
    assert late.positions == (8 - 3, 8 - 1, 8 + 1, 8 + 5)


def test_moments_out_of_reach_are_refused():
    recursion = Recursion(Mean())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"do not reach time 0\.333"):
        list(recursion(gap_of(0, 1), even(3)))


def test_a_quarter_alone_takes_the_half_as_well():
    model: Any = Mean()
    (made,) = Recursion(model)(gap_of(0, 1), [Window.even(1, 1, 0.25)])
    assert float(made.mean()) == 0.25
    assert len(model.asked) == 2


def test_only_models_that_do_not_know_time_are_held_to_midpoints():
    spec = find_spec("rife").override(flow={"channels": (8, 8, 8)}, encoder=None, refiner=None)
    midpoints = assemble(spec).eval()
    any_time = assemble(spec.override(flow={"time_channel": True})).eval()
    check_factor(any_time, 3)
    check_factor(midpoints, 8)
    with pytest.raises(InputError, match=r"factors 2, 4, 8, \.\.\., not 6; .*'rife-m'"):
        check_factor(midpoints, 6)


@pytest.mark.parametrize("time_channel", [False, True])
@pytest.mark.parametrize("options", [{}, {"tile": (160, 160)}, {"precision": "bfloat16"}], ids=str)
def test_every_way_of_making_frames_makes_them(time_channel: bool, options: dict[str, Any]):
    spec = find_spec("rife").override(
        flow={"channels": (8, 8, 8), "time_channel": time_channel}, encoder=None, refiner=None
    )
    make = frame_maker(assemble(spec).eval(), **options)
    frames = tuple(Frame(Fraction(k), rgb=torch.rand(3, 170, 300)) for k in range(2))
    windows = [Window.even(1, 1, k / 4) for k in (1, 2, 3)]
    with torch.inference_mode():
        made = list(make(Gap(0, frames, 1), windows))
    assert [tuple(image.shape) for image in made] == [(1, 3, 170, 300)] * 3
    assert all(image.dtype == torch.float32 for image in made)
    assert all(bool(image.isfinite().all()) for image in made)


def test_an_unknown_precision_is_named():
    with pytest.raises(InputError, match="float32, bfloat16, float16, got 'float8'"):
        frame_maker(assemble(find_spec("classical")).eval(), precision="float8")
