"""The diagnosis of an installation says which plugins there are and which are broken."""

import pytest

from vfiblocks.doctor import diagnose


def test_a_working_plugin_is_listed_by_group(site):
    site.install_example()
    found = diagnose()
    assert found.plugins["vfiblocks-laplacian 0.1.0"] == {
        "vfiblocks.models": ("ifnet-laplacian", "lift15-laplacian"),
        "vfiblocks.refiners": ("laplacian-detail",),
    }
    assert found.broken == ()
    assert found.healthy
    assert (
        "plugin",
        "vfiblocks-laplacian 0.1.0; models: ifnet-laplacian, lift15-laplacian; "
        "refiners: laplacian-detail",
    ) in found.lines()


@pytest.mark.filterwarnings("ignore:vfiblocks plugin")
@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("[vfiblocks.models]\nbad = ill:NOTHING", "AttributeError: module 'ill' has no attribute"),
        ("[vfiblocks.models]\nbad = ill:NUMBER", "must be a ModelSpec, got int"),
        ("[vfiblocks.flows]\nbad = ill:NUMBER", "must be a class derived from vfiblocks.flows.Flo"),
        ("[vfiblocks.models]\nrife = ill:NUMBER", "model 'rife' is announced twice: by ill 6.6 an"),
        ("[vfiblocks.encoder]\nbad = ill:NUMBER", "'vfiblocks.encoder', which nobody reads; the"),
        ("[vfiblocks.models]\nbad = 7 up", "'bad' = '7 up' is not of the form module:object"),
        ("[vfiblocks.models]\nbad = a:b\nbad = a:b", "unreadable "),
    ],
)
def test_every_kind_of_broken_plugin_is_told_once(site, points, said):
    site.install("ill-6.6", points, ill="NUMBER = 3")
    for _ in range(2):  # asking again says the same
        found = diagnose()
        (line,) = found.broken
        assert said in line
        assert "ill 6.6" in line
        assert not found.healthy


def test_unreadable_metadata_of_others_is_listed_but_no_illness(site):
    site.install("unrelated-5.0", b"\xff\xfe")
    found = diagnose()
    (line,) = found.unreadable
    assert line.startswith("unrelated 5.0: unreadable")
    assert ("unreadable", line) in found.lines()
    assert found.healthy
