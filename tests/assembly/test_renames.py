"""Old names go on working, say what to write instead, and are gone when they said they would be."""

import subprocess
import sys
import warnings

import pytest

from lift15.cli.output import tell_of_renames
from lift15.training import build_objective
from vfiblocks import (
    FLOWS,
    LOSSES,
    MODELS,
    ModelSpec,
    Part,
    build_model,
    load,
    registry,
    renames,
    save,
)
from vfiblocks.errors import AssemblyError, UnknownComponent
from vfiblocks.renames import Rename, RenameWarning, overdue, renamed_function, renamed_keyword

WHEN = {"since": "0.2", "until": "0.4"}


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "NOTED", [])
    for one in (*registry.PART_REGISTRIES.values(), MODELS):
        for kept in ("_renamed", "_renamed_options", "_entries"):
            monkeypatch.setattr(one, kept, dict(getattr(one, kept)))


def old_spec() -> ModelSpec:
    """As a file from before the rename has it."""
    FLOWS.rename("flow-net", "ifnet", **WHEN)
    FLOWS.rename_option("ifnet", "any_time", "time_channel", **WHEN)
    plain = {
        "flow": {"name": "flow-net", "options": {"any_time": True}},
        "blender": {"name": "visibility"},
        "window": {"positions": [0, 1], "target": 0.5},
    }
    return ModelSpec.from_dict(plain)


def test_an_old_spec_is_the_new_one_to_the_fingerprint(tmp_path):
    spec = old_spec()
    with pytest.warns(RenameWarning) as caught:
        model = build_model(spec)
    assert {str(warning.message) for warning in caught} == {
        "flow 'flow-net' is 'ifnet' since 0.2; the old name goes away in 0.4",
        "option 'any_time' of flow 'ifnet' is 'time_channel' since 0.2; "
        "the old name goes away in 0.4",
    }
    assert model.spec.flow == Part("ifnet", **{**FLOWS.options("ifnet"), "time_channel": True})
    new = spec.override(flow=Part("ifnet", time_channel=True))
    with pytest.warns(RenameWarning):
        fingerprint = spec.fingerprint
    assert fingerprint == new.fingerprint
    path = save(model, tmp_path / "model.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(path).spec == model.spec  # what is written has the new names


def test_an_old_name_is_found_but_not_listed():
    LOSSES.rename("absolute", "l1", **WHEN)
    with pytest.warns(RenameWarning, match="loss 'absolute' is 'l1' since 0.2"):
        assert LOSSES.get("absolute") is LOSSES.get("l1")
    with pytest.warns(RenameWarning):
        assert LOSSES.origin("absolute") == LOSSES.origin("l1")
    assert "absolute" not in LOSSES.names()


def test_an_old_model_and_an_old_term_of_a_plan_work():
    MODELS.rename("lift15-small", "lift15-tiny", **WHEN)
    LOSSES.rename_option("smoothness", "degree", "order", **WHEN)
    with pytest.warns(RenameWarning, match="model 'lift15-small' is 'lift15-tiny'"):
        model = build_model("lift15-small")
    with pytest.warns(RenameWarning, match="option 'degree' of loss 'smoothness' is 'order'"):
        objective = build_objective({"smoothness": {"weight": 0.1, "degree": 2}}, model)
    assert objective.parts["smoothness"].order == 2


def test_an_option_under_both_names_is_refused():
    old_spec()
    both = Part("ifnet", any_time=True, time_channel=True)
    with pytest.raises(AssemblyError, match="got both 'time_channel' and 'any_time', its old name"):
        build_model("rife", flow=both)


def test_who_takes_an_old_name_anew_has_it():
    LOSSES.rename("absolute", "l1", **WHEN)
    LOSSES.add("absolute", LOSSES.get("charbonnier"), origin="a plugin")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LOSSES.get("absolute") is LOSSES.get("charbonnier")


def test_a_name_that_never_was_stays_unknown():
    LOSSES.rename("absolute", "l1", **WHEN)
    with pytest.raises(UnknownComponent, match="unknown loss 'absolut'"):
        LOSSES.get("absolut")


def test_a_function_and_a_keyword_keep_working_and_blame_the_caller():
    @renamed_keyword("times", "factor", **WHEN)
    def upsample(*, factor: int) -> int:
        return factor

    raise_rate = renamed_function("raise_rate", upsample, **WHEN)
    with pytest.warns(RenameWarning, match=r"raise_rate\(\) is upsample\(\) since 0.2") as caught:
        assert raise_rate(factor=3) == 3
    assert caught[0].filename == __file__
    with pytest.warns(RenameWarning, match=r"times of upsample\(\) is factor since") as caught:
        assert upsample(times=3) == 3
    assert caught[0].filename == __file__
    with pytest.raises(TypeError, match="got both factor and times, its old name"):
        upsample(factor=2, times=3)


def test_versions_must_make_sense():
    with pytest.raises(ValueError, match=r"until 0\.2 must come after since 0\.10"):
        Rename("a", "b", since="0.10", until="0.2")


def test_a_rename_is_overdue_in_the_version_it_named():
    rename = Rename("a", "b", **WHEN)
    assert overdue("0.3.9") == []
    assert overdue("0.4.0") == overdue("0.10") == [rename]


def test_the_command_line_says_it_in_one_line(capsys, monkeypatch):
    others = []
    monkeypatch.setattr(warnings, "showwarning", lambda *said: others.append(said[1]))
    tell_of_renames()
    warnings.showwarning(RenameWarning("said"), RenameWarning, "file.py", 1)
    warnings.showwarning(UserWarning("other"), UserWarning, "file.py", 1)
    assert capsys.readouterr().err == "said\n"
    assert others == [UserWarning]


def test_nothing_of_ours_is_overdue():
    """In a process of its own, without what examples and tests have renamed."""
    code = (
        "import lift15.cli, lift15.training, vfiblocks.video, vfiblocks.renames as renames;"
        "print(*renames.overdue(vfiblocks.__version__), sep='\\n', end='')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "", "remove these old names"
