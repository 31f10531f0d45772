"""Names of official files, written down from the authors' code, against those we derive."""

import pytest

from lift15.rife.keys import bare_name, official_names, teacher_names
from lift15.rife.structures import INDEXED_HEAD, find_known, known_models
from vfiblocks.errors import InputError


@pytest.mark.parametrize("known", known_models(), ids=lambda known: known.name)
def test_every_official_name_and_shape_is_expected(official_shapes, known):
    head = "index" if known.version in INDEXED_HEAD else "cnn"
    expected = known.official_shapes(head=head)
    found = {n: s for n, s in official_shapes(known.version).items() if "block_tea" not in n}
    assert set(found) == set(expected)
    assert [n for n, shape in found.items() if shape not in expected[n]] == []


@pytest.mark.parametrize("known", known_models(), ids=lambda known: known.name)
@pytest.mark.parametrize("head", ["cnn", "index"])
def test_no_official_name_stands_for_two(known, head):
    names = official_names(known.shapes, head=head)
    assert list(names) == list(known.shapes)
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    ("model", "head", "names"),
    [
        ("rife-4.7", "index", ["encode.0", "encode.1"]),
        ("rife-4.12", "index", ["encode.0", "encode.2", "encode.4", "encode.6"]),
        ("rife-4.12", "cnn", ["encode.cnn0", "encode.cnn1", "encode.cnn2", "encode.cnn3"]),
    ],
)
def test_heads_are_spelt_in_two_ways(model, head, names):
    ours = ["encoder.down", "encoder.body.0", "encoder.body.1", "encoder.up"]
    ours = ours if len(names) == 4 else [ours[0], ours[-1]]
    found = official_names(find_known(model).shapes, head=head)
    assert [found[f"{name}.bias"] for name in ours] == [f"{name}.bias" for name in names]


def test_levels_count_from_one_whatever_their_stride():
    for model, stride in (("rife", 16), ("rife-2r", 8)):
        names = official_names(find_known(model).shapes)
        assert names[f"encoder.levels.{stride}.1.0.bias"] == "contextnet.conv4.conv2.0.bias"


def test_pixel_shuffle_moves_the_deconvolution():
    for model, official in (("rife-4.4", "lastconv.bias"), ("rife-4.5", "lastconv.0.bias")):
        names = official_names(find_known(model).shapes)
        assert names["flow.blocks.2.up.bias"] == f"block2.{official}"


@pytest.mark.parametrize("name", ["flow.block.0.up.bias", "aggregator.norm.weight", "encoder.x"])
def test_a_name_that_no_rife_has(name):
    with pytest.raises(InputError, match=f"'{name}' is no tensor of an assembled RIFE"):
        official_names([name])


def test_teacher_is_one_block(official_shapes):
    official = {n for n in official_shapes("ECCV") if n.startswith("block_tea.")}
    assert set(teacher_names(find_known("rife").shapes).values()) == official
    assert teacher_names(find_known("rife-4.6").shapes)["body.7.beta"] == (
        "block_tea.convblock.7.beta"
    )


@pytest.mark.parametrize("prefix", ["", "module.", "flownet.", "module.flownet.", "_orig_mod."])
def test_prefixes_of_wrappers_come_off(prefix):
    assert bare_name(f"{prefix}block0.lastconv.bias") == "block0.lastconv.bias"
