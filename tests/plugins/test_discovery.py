"""Plugins are found without being imported, and a bad one harms nobody else."""

import os
import sys

import pytest

from vfiblocks import MODELS, REFINERS, build_model, list_models, plugins
from vfiblocks.errors import PluginError, UnknownComponent

GOOD = """
    [vfiblocks.models]
    good = good_plugin:GOOD
"""
GOOD_CODE = """
    from vfiblocks import ModelSpec, Part

    GOOD = ModelSpec(flow=Part("ifnet"), blender=Part("visibility"))
"""


@pytest.fixture
def good(site):
    """A plugin that works, to see that it still does beside the others."""
    site.install("good_plugin-1.2", GOOD, good_plugin=GOOD_CODE)
    return site


def good_still_works():
    assert "good" in list_models()
    return build_model("good").spec.flow.name == "ifnet"


def test_listing_imports_nothing(good):
    assert "good" in list_models("go*")
    assert MODELS.origin("good") == "good-plugin 1.2"
    assert "good_plugin" not in sys.modules
    assert good_still_works()
    assert "good_plugin" in sys.modules


def test_a_package_installed_while_running_is_found_after_rescan(site):
    assert "good" not in list_models()
    site.install("good_plugin-1.2", GOOD, good_plugin=GOOD_CODE)  # rescans
    assert good_still_works()


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import a_module_that_nobody_has", "ModuleNotFoundError: No module named"),
        ("raise RuntimeError('no GPU')", "RuntimeError: no GPU"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def half(:", "SyntaxError"),
        ("", "AttributeError: module 'bad_plugin' has no attribute 'BAD'"),
    ],
    ids=["import", "raise", "exit", "syntax", "attribute"],
)
def test_a_plugin_that_does_not_load_is_an_error_for_its_own_name_only(good, code, cause):
    points = "[vfiblocks.models]\nbad = bad_plugin:BAD"
    good.install("bad_plugin-0.9", points, bad_plugin=code)
    assert "bad" in list_models()
    assert good_still_works()
    assert plugins.broken() == ()  # nobody asked for it yet

    with pytest.raises(PluginError) as caught:
        build_model("bad")
    message = str(caught.value)
    assert "the plugin that announces 'bad' cannot be loaded" in message
    assert "bad-plugin 0.9: 'bad' = bad_plugin:BAD" in message
    assert cause in message
    assert message.endswith("repair or uninstall bad-plugin 0.9")

    (line,) = plugins.broken()
    assert cause in line
    with pytest.raises(UnknownComponent, match=r"plugins that failed: bad-plugin 0\.9"):
        build_model("bda")  # perhaps this is the one that was meant
    assert good_still_works()


@pytest.mark.parametrize("target", ["not a module", "package-with-dashes:X", "a:b:c", "mod:100%"])
def test_an_entry_point_of_bad_form_is_a_warning_that_names_its_distribution(good, target):
    points = f"[vfiblocks.refiners]\nmistyped = {target}\n"
    good.install("typist-3.0", points)
    with pytest.warns(UserWarning, match=r"typist 3\.0: 'mistyped' = .* not of the form module:o"):
        assert "mistyped" not in REFINERS.names()
    assert good_still_works()
    with pytest.raises(UnknownComponent, match=r"plugins that failed: typist 3\.0"):
        REFINERS.get("mistyped")


UNREADABLE = {
    "no-section": b"vfi = nothing:here\n",
    "no-equals": b"[console_scripts]\nonly a name\n",
    "twice": b"[console_scripts]\na = b:c\na = b:d\n",
    "not-utf8": "[console_scripts]\ncaf\xe9 = b:c\n".encode("latin-1"),
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_metadata_of_an_unrelated_package_is_nobodys_business(good, recwarn, content):
    good.install("unrelated-5.0", content)
    assert good_still_works()
    assert build_model("lift15-tiny").refiner is not None
    with pytest.raises(UnknownComponent) as caught:
        build_model("nothing-of-that-name")
    assert "unrelated" not in str(caught.value)
    assert not [w for w in recwarn if "unrelated" in str(w.message)]
    (line,) = plugins.unreadable()
    assert line.startswith("unrelated 5.0: unreadable ")
    assert "\n" not in line


def test_unreadable_metadata_that_was_meant_for_us_is_a_warning(good):
    good.install("hasty-0.1", "[vfiblocks.models]\nx = a:b\nx = a:c\n")
    with pytest.warns(UserWarning, match=r"hasty 0\.1: unreadable .* \(DuplicateOptionError"):
        assert good_still_works()
    with pytest.raises(UnknownComponent, match=r"plugins that failed: hasty 0\.1"):
        build_model("x")


def test_folders_that_are_gone_or_files_are_passed_over(good, monkeypatch, tmp_path):
    archive = tmp_path / "python311.zip"
    archive.write_bytes(b"PK")
    for odd in (str(archive), str(tmp_path / "gone"), ""):
        monkeypatch.syspath_prepend(odd)
    assert good_still_works()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read any folder"
)
def test_folders_closed_to_us_are_passed_over(good, monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    monkeypatch.syspath_prepend(str(closed / "inside"))
    monkeypatch.syspath_prepend(str(closed))
    assert good_still_works()


def test_what_pip_could_not_remove_announces_nothing(good):
    good.install("~ood_plugin-1.2", GOOD)
    assert MODELS.origin("good") == "good-plugin 1.2"
    assert good_still_works()


@pytest.mark.parametrize("other", ["Good.Plugin-1.0", "good_plugin-2.0"])
def test_the_first_on_the_path_shadows_others_of_its_name(good, monkeypatch, tmp_path, other):
    elsewhere = type(good)(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    elsewhere.install(other, GOOD)
    monkeypatch.setattr(sys, "path", [*sys.path, str(elsewhere.folder)])
    assert MODELS.origin("good") == "good-plugin 1.2"
    assert good_still_works()


def test_an_older_copy_with_entry_points_does_not_outlive_a_newer_without(
    good, monkeypatch, tmp_path
):
    newer = type(good)(tmp_path / "newer")
    newer.folder.mkdir()
    info = newer.install("good_plugin-2.0", "")
    (info / "entry_points.txt").unlink()
    monkeypatch.syspath_prepend(str(newer.folder))
    assert "good" not in list_models()
