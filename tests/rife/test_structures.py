"""A file's version is known by the names and shapes of its tensors."""

import pytest

from lift15.rife import RIFE_V4, VERSIONS
from lift15.rife.structures import (
    compare,
    find_known,
    known_models,
    model_name,
    narrow,
    nearest,
    title,
)
from vfiblocks.errors import UnknownComponent


def looks_like(shapes):
    shapes = {n: s for n, s in shapes.items() if not n.startswith("block_tea.")}
    fit = nearest(shapes)
    assert fit.whole, fit.differences()
    return tuple(known.version for known in narrow(fit, shapes))


TOLD_APART = [
    ("ECCV", "ECCV 2R"),
    ("ECCV m",),
    ("4.0", "4.1"),
    ("4.2", "4.3", "4.4"),
    ("4.5",),
    ("4.6",),
    ("4.7", "4.8", "4.9"),
    ("4.10", "4.11", "4.12"),
    ("4.12.lite", "4.13.lite"),
    ("4.13", "4.14", "4.15", "4.17", "4.18", "4.19", "4.24"),
    ("4.14.lite",),
    ("4.15.lite", "4.16.lite", "4.17.lite"),
    ("4.20",),
    ("4.21", "4.22", "4.23"),
    ("4.22.lite",),
    ("4.25", "4.26"),
    ("4.25.heavy",),
    ("4.25.lite",),
    ("4.26.heavy",),
]


@pytest.mark.parametrize("versions", TOLD_APART, ids=title)
def test_a_file_is_known_as_what_it_may_be(official_shapes, versions):
    for version in versions:
        assert looks_like(official_shapes(version)) == versions


def test_every_version_is_covered():
    named = sorted(version for versions in TOLD_APART for version in versions)
    assert named == sorted(known.version for known in known_models())
    assert {*VERSIONS, "ECCV", "ECCV m", "ECCV 2R"} == set(named)


def test_names_are_those_of_the_models():
    assert [model_name(version) for version in VERSIONS] == list(RIFE_V4)


def test_channels_that_nothing_reads_may_be_gone_already(official_shapes):
    shapes = {
        n: tuple(20 if size == 24 else size for size in shape)
        for n, shape in official_shapes("4.7").items()
    }
    assert looks_like(shapes) == ("4.7", "4.8", "4.9")


def test_other_numbers_of_channels_are_refused(official_shapes):
    shapes = official_shapes("4.6") | {"block0.lastconv.0.bias": (28,)}
    assert nearest(shapes).reshaped == (
        "block0.lastconv.0.bias is (28,) instead of (20,) or (24,)",
    )


def test_differences_are_counted_and_the_first_named(official_shapes):
    shapes = official_shapes("4.6")
    for k in range(5):
        shapes[f"other{k}.bias"] = shapes.pop(f"block0.convblock.{k}.beta")
    fit = compare(shapes, find_known("rife-4.6"))
    assert fit.differences() == (
        "115 of 120 tensors fit; 5 missing: block0.convblock.0.beta, block0.convblock.1.beta, "
        "block0.convblock.2.beta, ...; 5 unknown: other0.bias, other1.bias, other2.bias, ..."
    )


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(UnknownComponent, match=r"did you mean 'rife-4\.6'"):
        find_known("rife4.6")


def test_titles():
    assert title(["4.6"]) == "RIFE 4.6"
    assert title(["4.25", "4.26"]) == "RIFE 4.25 or 4.26"
