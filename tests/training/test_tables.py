"""Plans as tables, and tables as TOML."""

import dataclasses
import tomllib
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.training.tables import assign, differences, from_table, merge, to_table, to_toml
from vfiblocks.errors import InputError, TrainingError


@dataclasses.dataclass(frozen=True)
class Inner:
    size: tuple[int, ...] = (1, 2)
    kind: Literal["a", "b"] = "a"
    share: float = 0.5

    def __post_init__(self):
        if self.share > 1:
            raise InputError("inner: share is at most 1")


@dataclasses.dataclass(frozen=True)
class Outer:
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()
    free: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    either: Mapping[str, Any] | str = "word"
    name: str = ""


TEXT = st.text(max_size=8)
SCALAR = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXT
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUE, max_size=4))
def test_any_table_survives_toml(table):
    assert tomllib.loads(to_toml(table)) == table


@given(
    st.builds(
        Outer,
        inner=st.builds(Inner, size=st.lists(st.integers(), max_size=3).map(tuple)),
        many=st.lists(st.builds(Inner, kind=st.sampled_from("ab")), max_size=2).map(tuple),
        free=st.dictionaries(TEXT, SCALAR, max_size=2),
        either=TEXT | st.dictionaries(TEXT, SCALAR, max_size=2),
        name=TEXT,
    )
)
def test_a_dataclass_survives_toml(outer):
    assert from_table(Outer, tomllib.loads(to_toml(to_table(outer)))) == outer


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"inner": {"siz": 1}}, "the plan has no inner.siz; did you mean inner.size?"),
        ({"zzz": 1}, "the plan has no zzz; it has inner, many, free, either, name"),
        ({"inner": {"kind": "c"}}, "inner.kind is one of a, b, got 'c'"),
        ({"inner": {"size": [1, "x"]}}, "inner.size.1 must be a whole number, got 'x'"),
        ({"inner": {"size": 3}}, "inner.size must be a list, got 3"),
        ({"inner": {"share": True}}, "inner.share must be a number, got True"),
        ({"inner": {"share": float("nan")}}, "inner.share must be a finite number, got nan"),
        ({"inner": {"share": 2}}, "inner: share is at most 1"),
        ({"many": [{"kinds": 1}]}, "the plan has no many.0.kinds; did you mean many.0.kind?"),
        ({"inner": 3}, "inner must be a table, got 3"),
        ({"name": 3}, "name must be a text, got 3"),
        ({"either": 3}, "either must be a table, got 3"),
        ({"free": 3}, "free must be a table, got 3"),
    ],
)
def test_what_does_not_fit_is_named(table, said):
    with pytest.raises(TrainingError) as caught:
        from_table(Outer, table)
    assert str(caught.value) == said


def test_whole_numbers_are_numbers():
    assert from_table(Inner, {"share": 1}).share == 1.0


def test_fields_are_merged_and_mappings_replaced():
    base = {"inner": {"size": [1], "kind": "a"}, "free": {"x": 1}}
    merged = merge(Outer, base, {"inner": {"kind": "b"}, "free": {"y": 2}})
    assert merged == {"inner": {"size": [1], "kind": "b"}, "free": {"y": 2}}
    assert base["inner"] == {"size": [1], "kind": "a"}


@pytest.mark.parametrize(
    ("assignment", "found"),
    [
        ("a=1", {"a": 1}),
        ("a.b=1.5", {"a": {"b": 1.5}}),
        ("a.b=[1, 2]", {"a": {"b": [1, 2]}}),
        ("a.b=some words", {"a": {"b": "some words"}}),
        ("a.b=none", {"a": {"b": "none"}}),
        ("a=x=y", {"a": "x=y"}),
        ('a."b.c"=true', {"a": {"b.c": True}}),
        ("a={b = {c = 1}}", {"a": {"b": {"c": 1}}}),
        ("a=", {"a": ""}),
    ],
)
def test_settings(assignment, found):
    table: dict = {}
    assign(table, assignment)
    assert table == found


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("nothing", "a setting is given as key.sub=value, got 'nothing'"),
        ("=3", "a setting is given as key.sub=value, got '=3'"),
        ("list.5=1", "list.5: '5' is none of the entries 0 to 1"),
        ("word.x=1", "word.x: there is nothing to set below 'text'"),
        ("a b=1", "cannot read the key of 'a b=1'"),
    ],
)
def test_settings_that_make_no_sense(assignment, said):
    with pytest.raises(TrainingError, match=said.replace(".", r"\.")):
        assign({"list": [1, 2], "word": "text"}, assignment)


def test_differences_name_what_only_one_has():
    one, other = {"a": 1, "b": [{"c": 1}]}, {"a": 1.0, "b": [{"c": 2}], "d": 3}
    assert list(differences(one, other)) == [("a", 1, 1.0), ("b.0.c", 1, 2), ("d", None, 3)]
    assert not list(differences(one, one))
