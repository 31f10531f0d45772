"""Names and options of a spec: what is refused, what is filled in, what a fingerprint sees."""

import subprocess
import sys
from typing import Any

import pytest

from vfiblocks import ModelSpec, Part, Window, assemble, build_model, find_spec, resolve
from vfiblocks.errors import AssemblyError, CheckpointError, SpecError, UnknownComponent

TINY = find_spec("lift15-tiny")
RIFE = find_spec("rife")


@pytest.mark.parametrize(
    ("stage", "name", "message"),
    [
        ("encoder", "pyramids", "unknown encoder 'pyramids'; did you mean 'pyramid'"),
        (
            "aggregator",
            "transfomer",
            "unknown aggregator 'transfomer'; did you mean 'transformer'?",
        ),
        ("flow", "ifnett", "unknown flow 'ifnett'; did you mean 'ifnet' or 'ifnet-v4'?"),
        ("blender", "Visibility", "unknown blender 'Visibility'; did you mean 'visibility'?"),
        ("refiner", "xyz", "unknown refiner 'xyz'; available: full-resolution, "),
    ],
)
def test_unknown_part(stage: str, name: str, message: str):
    with pytest.raises(UnknownComponent) as caught:
        assemble(TINY.override(**{stage: name}))
    assert str(caught.value).startswith(message)
    assert "available: " in str(caught.value)


def test_unknown_model():
    with pytest.raises(
        UnknownComponent, match="unknown model 'lift15s1'; did you mean 'lift15-s1'"
    ):
        build_model("lift15s1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"aggregator": {"dropot": 0.1}},
            "aggregator 'transformer' has no option 'dropot'; it takes layers, dim, heads",
        ),
        ({"aggregator": {"window": "8"}}, "wants window to be int | float | None, got '8'"),
        ({"aggregator": {"layers": 2.0}}, "wants layers to be int, got 2.0"),
        ({"aggregator": {"layers": True}}, "wants layers to be int, got True"),
        ({"aggregator": {"gate": 1}}, "wants gate to be bool, got 1"),
        ({"aggregator": {"dropout": None}}, "wants dropout to be float, got None"),
        ({"encoder": {"channels": 32}}, "wants channels to be tuple[int, ...], got 32"),
        ({"encoder": {"channels": [32, 6.5]}}, "wants channels to be tuple[int, ...], got (32, 6"),
        ({"encoder": {"channels": (32,)}}, "needs two or more levels of positive width, got (32,)"),
        ({"aggregator": {"heads": 5}}, "needs positive sizes and a dim that heads and 8 groups"),
        ({"aggregator": {"layers": 0}}, "needs positive sizes"),
        ({"aggregator": {"window": -1}}, "needs a positive attention window or None, got -1"),
        ({"aggregator": {"dropout": 2.0}}, "dropout=2.0"),
        ({"flow": {"coarse_stride": 4}}, "refines from coarse to fine, got coarse_stride=4 and"),
        ({"flow": {"fine_blocks": -1}}, "cannot have fewer than no blocks"),
        ({"flow": {"fine_channels": 12}}, "must be divisible by num_groups"),
        ({"flow": {"fine_channels": -8}}, "cannot be built with coarse_stride=8"),
        ({"refiner": {"blocks": -1}}, "cannot have fewer than no blocks, got blocks=-1"),
        ({"refiner": {"stride": 4, "reduced": 0}}, "has nothing in 'reduce.weight' when built"),
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_wrong_option_of_lift15(changes: dict[str, Any], message: str):
    with pytest.raises(AssemblyError) as caught:
        assemble(TINY.override(**changes))
    ((stage, _),) = changes.items()
    assert str(caught.value).startswith(f"{stage} '{getattr(TINY, stage).name}' ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": {"first_stride": 3}}, "wants first_stride to be one of 1, 2, got 3"),
        ({"encoder": {"first_stride": True}}, "wants first_stride to be one of 1, 2, got True"),
        ({"encoder": {"channels": ()}}, "needs one or more levels of positive width, got ()"),
        ({"flow": {"channels": (8, 8)}}, "needs one width per scale, got channels=(8, 8) and"),
        ({"flow": {"scales": (4, 2, 0)}}, "needs scales of at least 1, got (4, 2, 0)"),
    ],
)
def test_wrong_option_of_rife(changes: dict[str, Any], message: str):
    with pytest.raises(AssemblyError) as caught:
        assemble(RIFE.override(**changes))
    assert message in str(caught.value)


@pytest.mark.parametrize("build", [assemble, resolve])
def test_a_name_is_no_spec(build: Any):
    with pytest.raises(SpecError, match="assembled from a ModelSpec, got 'rife'; by name, build_m"):
        build("rife")


@pytest.mark.parametrize("name", ["flownet.pkl", "weights.pth", "last.ckpt"])
def test_a_pickle_is_no_model(name: str):
    with pytest.raises(CheckpointError, match=f"{name} may be a pickle, which can execute code"):
        build_model(name)


def test_resolving_writes_out_every_default():
    part = resolve(TINY).aggregator
    assert part.options["expansion"] == 4
    assert part.options["window"] is None
    assert part.options["dim"] == 48
    assert resolve(resolve(TINY)) == resolve(TINY)
    assert assemble(TINY).spec == resolve(TINY)


def test_required_options_are_asked_for(monkeypatch: pytest.MonkeyPatch):
    from vfiblocks import REFINERS
    from vfiblocks.refiners import FullResolution

    class Demanding(FullResolution):
        def __init__(self, upstream: Any, *, depth: int):
            super().__init__(upstream, blocks=depth)

    monkeypatch.setattr(REFINERS, "_entries", dict(REFINERS._entries))
    REFINERS.register("demanding")(Demanding)
    with pytest.raises(AssemblyError) as caught:
        assemble(TINY.override(refiner="demanding"))
    assert 'give it as refiner=Part("demanding", depth=...)' in str(caught.value)
    assert assemble(TINY.override(refiner=Part("demanding", depth=1)))


def test_equal_specs_have_equal_fingerprints():
    spec = TINY
    assert ModelSpec.from_json(spec.to_json()).fingerprint == spec.fingerprint
    assert spec.override(description="another").fingerprint == spec.fingerprint
    assert resolve(spec).fingerprint == spec.fingerprint
    assert spec.override(aggregator={"expansion": 4}).fingerprint == spec.fingerprint
    assert len(spec.fingerprint) == 16
    int(spec.fingerprint, 16)


def test_eight_and_eight_point_zero_are_one():
    wide = [TINY.override(aggregator={"window": width, "dropout": 0}) for width in (8, 8.0)]
    assert wide[0] == wide[1]
    assert wide[0].fingerprint == wide[1].fingerprint
    assert TINY.override(aggregator={"window": 8.5}).fingerprint != wide[0].fingerprint


def test_order_of_options_does_not_matter():
    one, other = (
        Part("ifnet", channels=(8,), scales=(1,)),
        Part("ifnet", scales=(1,), channels=(8,)),
    )
    assert one == other
    assert hash(one) == hash(other)
    assert RIFE.override(flow=one).fingerprint == RIFE.override(flow=other).fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"aggregator": {"expansion": 2}},
        {"aggregator": None},
        {"blender": "average"},
        {"window": Window.hole(7, 3)},
        {"window": Window(tuple(reversed(TINY.window.positions)), TINY.window.target)},
    ],
)
def test_what_is_assembled_changes_the_fingerprint(changes: dict[str, Any]):
    assert TINY.override(**changes).fingerprint != TINY.fingerprint


def test_all_models_have_fingerprints_of_their_own():
    from vfiblocks import FLOWS, list_models

    # RIFE versions of one structure are one spec under several names.
    specs = {id(spec): spec for spec in map(find_spec, list_models())}.values()
    prints = [s.fingerprint for s in specs if s.flow.name in FLOWS.names()]
    assert len(prints) == len(set(prints))


def test_fingerprint_does_not_depend_on_the_process():
    code = "import vfiblocks; print(vfiblocks.find_spec('lift15-tiny').fingerprint)"
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert done.stdout.strip() == TINY.fingerprint


def test_fingerprint_of_a_known_spec():
    """Stands in result files: if this changes, old results no longer name what they measured."""
    spec = ModelSpec(flow=Part("ifnet"), blender=Part("average"))
    assert spec.fingerprint == "db024eec445b9227"
