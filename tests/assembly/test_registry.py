"""Registries: names, origins, duplicates. What other packages announce is tested with plugins."""

import pytest

from vfiblocks import ENCODERS, MODELS
from vfiblocks.encoders import Pyramid
from vfiblocks.errors import PluginError, UnknownComponent
from vfiblocks.registry import PART_REGISTRIES, STAGE_REGISTRIES, Registry


@pytest.fixture
def colours() -> Registry[str]:
    registry = Registry[str]("colour", group="example.colours")
    for name in ("warm-red", "warm-yellow", "cold-blue"):
        registry.add(name, name.upper(), origin="palette 1.0")
    return registry


def test_names_are_sorted_and_match_patterns(colours: Registry[str]):
    assert colours.names() == ("cold-blue", "warm-red", "warm-yellow")
    assert colours.names("warm-*") == ("warm-red", "warm-yellow")
    assert colours.names("*-??d") == ("warm-red",)
    assert colours.names("none*") == ()
    assert colours.loaded()["warm-red"] == "WARM-RED"


def test_origin(colours: Registry[str]):
    assert colours.origin("cold-blue") == "palette 1.0"
    assert ENCODERS.origin("pyramid") == "vfiblocks.encoders.pyramid"
    assert MODELS.origin("rife").startswith("vfiblocks ")
    with pytest.raises(UnknownComponent, match="unknown colour 'green'"):
        colours.origin("green")


def test_a_duplicate_names_both_origins(colours: Registry[str]):
    with pytest.raises(PluginError) as caught:
        colours.add("warm-red", "another red", origin="paint 2.0")
    assert str(caught.value) == (
        "colour 'warm-red' is announced twice: by palette 1.0 and by paint 2.0; rename one of them"
    )
    assert colours.get("warm-red") == "WARM-RED"


def test_the_same_thing_twice_is_no_duplicate(colours: Registry[str]):
    colours.add("warm-red", colours.get("warm-red"), origin="palette 1.0")
    assert ENCODERS.register("pyramid")(Pyramid) is Pyramid


def test_unknown_names_list_the_nearest_and_all(colours: Registry[str]):
    with pytest.raises(UnknownComponent) as caught:
        colours.get("warm-rd")
    assert str(caught.value).startswith("unknown colour 'warm-rd'; did you mean 'warm-red'")
    assert "available: cold-blue, warm-red, warm-yellow" in str(caught.value)
    with pytest.raises(UnknownComponent, match="unknown colour 'zzz'; available: cold-blue"):
        colours.get("zzz")


def test_an_empty_registry_says_so():
    with pytest.raises(UnknownComponent, match="unknown sound 'x'; available: none"):
        Registry[str]("sound", group="example.sounds").get("x")


def test_five_stages_in_the_order_of_the_data():
    assert list(STAGE_REGISTRIES) == ["encoder", "aggregator", "flow", "blender", "refiner"]


@pytest.mark.parametrize("stage", PART_REGISTRIES)
def test_registered_names_are_file_names(stage: str):
    """Part, class and file share a stem."""
    registry = PART_REGISTRIES[stage]
    for name in registry.names():
        origin = registry.origin(name)
        if origin.startswith("vfiblocks."):
            if stage != "metric":  # those of one formula share a file
                assert origin == f"{registry.group}.{name.replace('-', '_')}"
            assert registry.get(name).__name__.lower() == name.replace("-", "")
