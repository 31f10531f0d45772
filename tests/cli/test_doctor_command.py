from lift15.data.sources import SOURCES
from lift15.evaluation.protocols import PROTOCOLS, READERS
from vfiblocks import plugins


def test_a_healthy_installation_exits_with_zero(vfi):
    outcome = vfi("doctor")
    rows = dict(line.split("\t", 1) for line in outcome.out.splitlines())
    assert {"python", "torch", "vfiblocks", "device"} <= rows.keys()
    assert outcome.code == 0, outcome.out


def test_a_broken_plugin_is_named_and_fails(vfi, tmp_path, monkeypatch):
    info = tmp_path / "wobbly-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[vfiblocks.flows]\nwobble = wobbly_nowhere:Flow\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        plugins.rescan()
        outcome = vfi("doctor")
    plugins.rescan()
    assert outcome.code == 1
    assert "wobbly 1.0" in outcome.out


def test_data_layouts_and_protocols_of_others_are_read(vfi, tmp_path, monkeypatch):
    info = tmp_path / "sets-1.0.dist-info"
    info.mkdir()
    groups = ("sources", "readers", "protocols")
    points = [f"[vfiblocks.{group}]\nmine = builtins:object\n" for group in groups]
    (info / "entry_points.txt").write_text("".join(points))
    registries = [SOURCES, READERS, PROTOCOLS]
    with monkeypatch.context() as patch:
        for registry in registries:
            patch.setattr(registry, "_entries", dict(registry._entries))
        patch.syspath_prepend(str(tmp_path))
        plugins.rescan()
        outcome = vfi("doctor")
    plugins.rescan()
    assert outcome.code == 0, outcome.out
    assert "sets 1.0; protocols: mine; readers: mine; sources: mine" in outcome.out
