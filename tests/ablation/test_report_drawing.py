"""Drawings: numbers lie where they belong, and odd ones break nothing."""

import math
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lift15.ablation.measured import Alphas
from lift15.ablation.report.drawing.alphas import alphas
from lift15.ablation.report.drawing.axis import Axis, bounds
from lift15.ablation.report.drawing.curves import POINTS, Run, curves, thinned
from lift15.ablation.report.drawing.forest import Line, forest
from lift15.ablation.report.drawing.svg import Drawing, standalone

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def parts(text, tag):
    return list(ElementTree.fromstring(text).iter(f"{SVG}{tag}"))


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_axes_show_all_numbers_and_round_ticks_within(values):
    low, high = bounds(values)
    assert low < high
    assert low <= min(values)
    assert max(values) <= high
    axis = Axis(low, high, 0.0, 100.0)
    assert all(-1e-6 <= axis(value) <= 100 + 1e-6 for value in values)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 12
    assert all(-1e-4 <= axis(tick) <= 100 + 1e-4 for tick in ticks)
    labels = [label for _, label in axis.labels()]
    assert len(set(labels)) == len(labels), "two ticks of one name say nothing"


@given(st.floats(1e-6, 1e3), st.floats(11, 1e6))
def test_logarithmic_axes_have_ticks(low, ratio):
    axis = Axis(low, low * ratio, 0.0, 100.0, logarithmic=True)
    ticks = axis.ticks()
    assert len(ticks) >= 1
    assert all(-1e-3 <= axis(tick) <= 100.001 for tick in ticks)
    assert axis(low * math.sqrt(ratio)) == pytest.approx(50.0)


def test_intervals_lie_where_their_numbers_are():
    text = forest(
        "f", "t", "a", [Line("x", "", 0.5, 0.0, 1.0), Line("y", "", -0.5, -1.0, 0.0)], "dB",
        margin=0.05,
    )  # fmt: skip
    first, second = (float(dot.get("cx")) for dot in parts(text, "circle"))
    zero = next(
        float(line.get("x1")) for line in parts(text, "line") if line.get("class") == "axis"
    )
    assert first - zero == pytest.approx(zero - second, abs=0.02)
    assert first > zero
    shown = [each.text for each in parts(text, "text")]
    assert "+0.500 [+0.000, +1.000]" in shown
    assert "\N{MINUS SIGN}0.500 [\N{MINUS SIGN}1.000, +0.000]" in shown
    assert parts(text, "rect")[0].get("class") == "band"


def test_curves_break_at_what_is_no_number_and_are_crossed_where_they_end():
    curve = ((1, 0.5), (2, math.nan), (3, 0.4), (4, math.inf), (5, 0.3))
    text = curves("c", "loss", "about", ["a"], [Run(0, curve, "a, seed 0", True)])
    assert "nan" not in text
    assert "inf" not in text
    (path,) = [p for p in parts(text, "path") if p.get("class").startswith("line")]
    assert path.get("d").count("M") == 3
    plain = curves("c", "loss", "about", ["a"], [Run(0, curve, "a, seed 0", False)])
    assert len(parts(text, "line")) - len(parts(plain, "line")) == 2


def test_curves_without_a_single_number_are_drawn_empty():
    text = curves("c", "loss", "about", ["a"], [Run(0, ((1, math.nan),), "", True)])
    assert "nan" not in text.replace("nan,", "")


def test_long_curves_are_thinned_and_smoothed():
    curve = tuple((k, 1.0 + (k % 2)) for k in range(5000))
    assert len(thinned(curve)) == POINTS
    assert thinned(curve)[-1] == curve[-1]
    text = curves("c", "loss", "about", ["a"], [Run(0, curve, "", False)])
    assert [p.get("class").split()[0] for p in parts(text, "path")] == ["faint", "line"]
    assert len(text) < 30_000


def test_losses_over_powers_of_ten_are_drawn_by_their_logarithm():
    curve = ((1, 100.0), (2, 1.0), (3, 0.01))
    text = curves("c", "loss", "about", ["a"], [Run(0, curve, "", False)])
    ys = [float(dot.get("cy")) for dot in parts(text, "circle")[1:]]  # the first is the legend's
    assert ys[1] - ys[0] == pytest.approx(ys[2] - ys[1], abs=0.02)


def test_weights_stand_at_their_places_with_the_target_between():
    runs = [Alphas("m", seed, (-2, -1, 1), (0.2, 0.4, 0.4), (0, 0, 0), 5) for seed in (0, 1)]
    text = alphas("w", "t", "a", {"model": runs})
    shown = [each.text for each in parts(text, "text")]
    assert "target" in shown
    assert "+1" in shown
    dots = parts(text, "circle")
    assert len(dots) == 1 + 3 + 2 * 3, "legend, means, and a small one for each run"
    lines = [p for p in parts(text, "path") if p.get("class").startswith("line")]
    assert len(lines) == 2, "no line crosses the target, which has no weight"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_words_give_a_whole_file(title, words):
    drawing = Drawing(100, 50, "name", title, words)
    drawing.text(0, 0, words, room=40)
    drawing.dot(1, 1, "dot", tip=words, shape=1)
    drawing.dot(1, 1, "dot", tip=words)
    for text in (drawing.svg(), standalone(drawing.svg())):
        root = ElementTree.fromstring(text)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
            "svg", "title", "desc", "style", "text", "path", "circle",
        }  # fmt: skip


@given(st.integers(2, 40))
def test_words_that_do_not_fit_are_cut_and_kept_as_a_tip(length):
    assume(length * 6.4 > 30)
    drawing = Drawing(100, 50, "n", "t", "a")
    drawing.text(0, 0, "x" * length, room=30)
    (text,) = parts(drawing.svg(), "text")
    assert text.text.endswith("…")
    assert len(text.text) < max(length + 1, 5)
    assert text.find(f"{SVG}title").text == "x" * length
