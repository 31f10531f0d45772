"""Specs as plain data: reading, overriding, and what is refused."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks import ModelSpec, Part, Window, find_spec
from vfiblocks.errors import SpecError

SPEC = ModelSpec(
    encoder=Part("pyramid", channels=[8, 16]),
    flow=Part("ifnet"),
    blender=Part("visibility"),
    window=Window.hole(7, 3),
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
word = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)


@given(st.dictionaries(word, plain, max_size=4))
def test_any_plain_options_survive_json(options: dict[str, Any]):
    spec = SPEC.override(flow=Part("any", **options))
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_a_spec_is_a_value():
    for made in (copy.deepcopy(SPEC), pickle.loads(pickle.dumps(SPEC)), SPEC.override()):
        assert made == SPEC
        assert hash(made) == hash(SPEC)
    assert SPEC.encoder.options["channels"] == (8, 16)
    with pytest.raises(TypeError):
        SPEC.encoder.options["channels"] = (1,)
    assert eval(repr(SPEC.encoder)) == SPEC.encoder


def test_overriding():
    assert SPEC.override(encoder={"slope": 0.2}).encoder == Part(
        "pyramid", channels=(8, 16), slope=0.2
    )
    assert SPEC.override(encoder="contextnet").encoder == Part("contextnet")
    assert SPEC.override(encoder=None).encoder is None
    assert [stage for stage, _ in SPEC.parts()] == ["encoder", "flow", "blender"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": "x"}, "a spec has no field 'decoder'; it has flow, blender, encoder"),
        ({"refiner": {"blocks": 1}}, "given for refiner, but this model has none; put a part in"),
        ({"flow": None}, "a model needs a flow; this spec leaves it empty"),
        ({"flow": 3}, "flow takes a name, a Part, a dict of options or None, got 3"),
        ({"window": 3}, "window must be a Window, got 3"),
    ],
)
def test_overrides_that_make_no_spec(changes: dict[str, Any], message: str):
    with pytest.raises(SpecError) as caught:
        SPEC.override(**changes)
    assert message in str(caught.value)


def test_a_name_where_a_part_belongs():
    with pytest.raises(SpecError, match=r"flow must be a Part, got 'ifnet'; write Part\('ifnet'\)"):
        ModelSpec(flow="ifnet", blender=Part("visibility"))


@pytest.mark.parametrize("name", ["", None, 3])
def test_parts_are_chosen_by_name(name: Any):
    with pytest.raises(SpecError, match="a part is chosen by its registered name"):
        Part(name)


def test_code_is_no_option():
    with pytest.raises(SpecError, match=r"option 'act' of 'x' must be plain data .*, got type"):
        Part("x", act=int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a spec must be JSON"),
        ("[]", "a spec must be a table of stages, got list"),
        ("{}", "a model needs a flow"),
        ('{"format": 99, "flow": "a", "blender": "b"}', "has format 99, this version reads format"),
        ('{"floww": "a"}', "a spec has no field 'floww'"),
        ('{"flow": {"options": {}}, "blender": "b"}', "flow must be a name or a table with a name"),
        (
            '{"flow": {"name": "a", "option": {}}, "blender": "b"}',
            "flow has unknown field 'option'",
        ),
        ('{"flow": {"name": "a", "options": 3}, "blender": "b"}', "flow options must be a table"),
        (
            '{"flow": "a", "blender": "b", "window": {"target": 1}}',
            "window must hold positions and",
        ),
        (
            '{"flow": "a", "blender": "b", "window": {"positions": [0], "target": 1}}',
            "must lie bet",
        ),
        ('{"flow": {"name": ["a"]}, "blender": "b"}', "a part is chosen by its registered name"),
    ],
)
def test_text_that_is_no_spec(text: str, message: str, tmp_path: Path):
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_json(text)
    assert message in str(caught.value)
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"cannot read spec .*bad\.json"):
        find_spec(path)


def test_short_form():
    spec = ModelSpec.from_json(json.dumps({"flow": "ifnet", "blender": "average"}))
    assert spec == ModelSpec(flow=Part("ifnet"), blender=Part("average"))


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(SpecError, match=r"cannot read spec .*none\.toml: No such file"):
        find_spec(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("flow = ", encoding="utf-8")
    with pytest.raises(SpecError, match=r"cannot read spec .*bad\.toml"):
        find_spec(tmp_path / "bad.toml")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"cannot read spec .*bytes\.json"):
        find_spec(tmp_path / "bytes.json")
