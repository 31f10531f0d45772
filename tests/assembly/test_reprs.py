"""What specs, models and ledgers look like in a session and in a notebook."""

import html
from html.parser import HTMLParser

import pytest
from torch import nn

from vfiblocks import ModelSpec, Part, Window, build_model, describe, find_spec, optimize

ODD = ModelSpec(
    flow=Part("ifnet", channels=(8, 8), scales=(2, 1), time_channel=True),
    blender=Part("visibility", stride=1),
    window=Window((0.1 + 0.2, -1.5), 0.0),
    description="<script>alert('x')</script> & \"quotes\"",
)


class Outline(HTMLParser):
    """Tags that stay open, links to elsewhere, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        assert set(dict(attrs)) <= {"style"}  # nothing is fetched, nothing runs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("spec", [ODD, find_spec("lift15-s1")], ids=["odd", "lift15-s1"])
def test_a_spec_is_printed_as_the_code_that_makes_it(spec):
    assert eval(repr(spec)) == spec
    assert "None" not in repr(ODD)  # empty slots are left out
    assert eval(repr(spec.window)) == spec.window


def test_a_window_is_printed_in_the_order_of_time():
    assert str(Window((3.0, 0.5, -1.0), 0.0)) == "-1 [0] 0.5 3"


def test_a_model_is_printed_by_its_stages_and_the_tree_is_there_for_the_asking():
    model = build_model("lift15-tiny")
    lines = repr(model).splitlines()
    assert lines[0] == ("Interpolator: 14 frames to 1, 284,531 parameters, pads to multiples of 32")
    assert [line.split()[0] for line in lines[1:-1]] == [stage for stage, _ in model.spec.parts()]
    assert sum(int(line.split()[1].replace(",", "")) for line in lines[1:-1]) == 284_531
    assert "layers=2" in repr(model)
    assert "heads=8" not in repr(build_model("lift15-s1"))  # a default
    assert lines[-1].endswith("6 7 [8] 9 10 11 12 13 14")
    assert model.tree() == nn.Module.__repr__(model)
    assert "Conv2d(3, 8" in model.tree()
    assert repr(optimize(model.eval())) == repr(model)


def test_a_ledger_is_printed_as_its_table():
    ledger = describe(find_spec("lift15-tiny"))
    assert repr(ledger) == f"Ledger of {ledger}"


@pytest.mark.parametrize(
    "thing",
    [ODD, build_model(ODD), describe(ODD, size=(64, 64)), describe(find_spec("classical"))],
    ids=["spec", "model", "ledger", "not counted"],
)
def test_pages_are_well_formed_escaped_and_leave_colours_to_the_page(thing):
    page = thing._repr_html_()
    outline = Outline(page)
    assert outline.open == []
    assert outline.tags == {"div", "b", "table", "thead", "tbody", "tr", "th", "td"}
    assert "color:inherit" in page
    assert "#" not in html.unescape(page)  # no colour of our own to clash with a dark page
    if thing is ODD:
        assert ODD.description in outline.text


def test_a_ledger_page_holds_every_number():
    ledger = describe(find_spec("lift15-tiny"))
    text = Outline(ledger._repr_html_()).text
    for entry in ledger.entries:
        assert f"{entry.parameters:,}" in text
        assert entry.gives in text
    assert f"{ledger.parameters:,}" in text


def test_who_reads_what_is_on_record():
    reads = build_model("lift15-tiny").reads
    assert set(reads["flow"]) == {"taps[4]", "taps[8]", "context"}
    assert reads["aggregator"] == ("clip",)
    assert "context" not in build_model("lift15-tiny", aggregator=None).reads["flow"]
