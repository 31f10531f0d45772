"""Two parts of one name are an error that names both, and only when that name is asked for."""

import pytest

from vfiblocks import MODELS, REFINERS, build_model, list_models
from vfiblocks.errors import PluginError

MODEL = """
    from vfiblocks import ModelSpec, Part

    MINE = ModelSpec(flow=Part("ifnet"), blender=Part("visibility"), description="{}")
"""
PART = """
    from vfiblocks.refiners import Unet

    class Mine(Unet):
        pass
"""


def test_two_plugins_with_one_model_name(site):
    for name in ("first", "second"):
        points = f"[vfiblocks.models]\nshared = {name}_plugin:MINE"
        site.install(f"{name}_plugin-1.0", points, **{f"{name}_plugin": MODEL.format(name)})
    assert list_models("shared") == ["shared"]
    assert MODELS.origin("shared") == "first-plugin 1.0 and second-plugin 1.0"
    wanted = r"model 'shared' is announced twice: by first-plugin 1\.0 and by second-plugin 1\.0"
    with pytest.raises(PluginError, match=wanted):
        build_model("shared")
    assert build_model("lift15-tiny").refiner is not None


def test_a_plugin_with_the_name_of_our_part(site):
    site.install("usurper-1.0", "[vfiblocks.refiners]\nunet = usurper:Mine", usurper=PART)
    wanted = (
        r"refiner 'unet' is announced twice: by vfiblocks\.refiners\.unet and by usurper 1\.0; "
        "rename one of them"
    )
    with pytest.raises(PluginError, match=wanted):
        build_model("rife")
    assert build_model("lift15-tiny").refiner is not None


def test_a_plugin_with_the_name_of_our_model(site):
    site.install("usurper-1.0", "[vfiblocks.models]\nrife = usurper:MINE", usurper=MODEL)
    with pytest.raises(PluginError, match=r"model 'rife' is announced twice: by usurper 1\.0 and"):
        build_model("rife")
    assert build_model("rife-m").refiner is not None


def test_a_plugin_that_registers_the_name_of_our_part_while_loading(site):
    code = """
        from vfiblocks import REFINERS
        from vfiblocks.refiners import Unet

        @REFINERS.register("unet")
        class Mine(Unet):
            pass
    """
    site.install("usurper-1.0", "[vfiblocks.refiners]\nother = usurper:Mine", usurper=code)
    wanted = r"'unet' is announced twice: by vfiblocks\.refiners\.unet and by usurper"
    with pytest.raises(PluginError, match=wanted):
        REFINERS.get("other")
    assert build_model("rife").refiner is not None


def test_announcing_and_registering_the_same_class_is_no_collision(site):
    code = """
        from vfiblocks import REFINERS
        from vfiblocks.refiners import Unet

        @REFINERS.register("mine")
        class Mine(Unet):
            pass
    """
    site.install("twofold-1.0", "[vfiblocks.refiners]\nmine = twofold:Mine", twofold=code)
    assert REFINERS.get("mine") is REFINERS.get("mine")
    assert REFINERS.origin("mine") == "twofold 1.0"
