"""Contextnet's weights in a pyramid: what fits is taken, what was taken is told."""

import zipfile

import pytest
import torch
import torch.nn.functional as F

from lift15.rife import import_weights, init_encoder_from_rife
from vfiblocks import ENCODERS, ModelSpec, Part, assemble, build_model, dry_run, find_spec
from vfiblocks.errors import CheckpointError, InputError
from vfiblocks.ports import Upstream

# Five of nine convolutions have a counterpart (docs/spec-decisions.md, 19); ours -> official.
COUNTERPARTS = {
    "encoder.levels.1.1.0": "contextnet.conv2.conv2.0",  # 32 -> 32
    "encoder.levels.2.0.0": "contextnet.conv3.conv1.0",  # 32 -> 64
    "encoder.levels.2.1.0": "contextnet.conv3.conv2.0",  # 64 -> 64
    "encoder.levels.4.0.0": "contextnet.conv4.conv1.0",  # 64 -> 128
    "encoder.levels.4.1.0": "contextnet.conv4.conv2.0",  # 128 -> 128
}
TILED = {
    "encoder.levels.1.0.0": "contextnet.conv1.conv1.0",  # 3 -> 32 from 3 -> 16
    "encoder.levels.8.0.0": "contextnet.conv4.conv1.0",  # 128 -> 192 from 64 -> 128
    "encoder.levels.8.1.0": "contextnet.conv4.conv2.0",  # 192 -> 192 from 128 -> 128
    "encoder.levels.16.0.0": "contextnet.conv4.conv1.0",  # 192 -> 256 from 64 -> 128
}


def parameters(convolutions):
    return {f"{name}.{kind}" for name in convolutions for kind in ("weight", "bias")}


@pytest.fixture(scope="module")
def state(official):
    return {name.removeprefix("module."): t for name, t in official("ECCV").items()}


@pytest.fixture(scope="module")
def flownet(official, tmp_path_factory):
    path = tmp_path_factory.mktemp("rife") / "flownet.pkl"
    torch.save(official("ECCV"), path)
    return path


@pytest.fixture
def model():
    """A model with the encoder of LIFT-15 and little else."""
    return assemble(
        ModelSpec(
            encoder=Part("pyramid"),
            aggregator=Part("mean"),
            flow=Part("context-cascade", coarse_channels=8, fine_channels=8),
            blender=Part("visibility"),
            refiner=Part("full-resolution", channels=8, blocks=1),
        )
    )


def test_what_fits_is_filled_and_nothing_else_is_touched(model, flownet, state):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = init_encoder_from_rife(model, flownet)
    after = model.state_dict()
    assert report.filled == parameters(COUNTERPARTS)
    for ours, theirs in COUNTERPARTS.items():
        for kind in ("weight", "bias"):
            assert torch.equal(after[f"{ours}.{kind}"], state[f"{theirs}.{kind}"])
    assert {n for n in after if not torch.equal(after[n], before[n])} == report.filled
    assert report.adapted == frozenset()
    assert report.left == parameters(TILED)


def test_names_are_those_of_parameters_so_that_freezing_can_follow(model, flownet):
    report = init_encoder_from_rife(model, flownet, adapt=True)
    named = dict(model.named_parameters())
    for name in report.filled | report.adapted:
        named[name].requires_grad_(False)
    assert not any(p.requires_grad for p in model.encoder.parameters())
    assert all(p.requires_grad for p in model.flow.parameters())


def test_adapted_convolutions_are_their_sources_on_repeated_features(model, flownet, state):
    report = init_encoder_from_rife(model, flownet, adapt=True)
    assert report.filled == parameters(COUNTERPARTS)
    assert report.adapted == parameters(TILED)
    after = model.state_dict()
    for ours, theirs in TILED.items():
        weight, bias = after[f"{ours}.weight"], after[f"{ours}.bias"]
        source = state[f"{theirs}.weight"]
        picture = torch.rand(1, source.shape[1], 6, 6)
        expected = F.conv2d(picture, source, state[f"{theirs}.bias"])
        repeated = picture[:, torch.arange(weight.shape[1]) % source.shape[1]]
        found = F.conv2d(repeated, weight, bias)
        wide = torch.arange(weight.shape[0]) % source.shape[0]
        torch.testing.assert_close(found, expected[:, wide])


def test_the_report_is_a_table(model, flownet):
    lines = str(init_encoder_from_rife(model, flownet, adapt=True)).splitlines()
    assert lines[0].split() == [
        "encoder.levels.1.0.0.weight",
        "32x3x3x3",
        "adapted",
        "contextnet.conv1.conv1.0.weight",
    ]
    assert len(lines) == 18 + 1
    assert len({line.index("contextnet") for line in lines[:-1]}) == 1
    assert lines[-1] == (
        "10 filled, 8 adapted, 0 left as they were; RIFE's PReLU slopes have no counterpart, a "
        "pyramid has LeakyReLU"
    )


@pytest.mark.parametrize("name", ["rife", "rife-2r"])
def test_checkpoints_serve_as_well_as_official_files(model, flownet, state, tmp_path, name):
    path = import_weights(flownet, model=name).save(tmp_path / "model.safetensors")
    report = init_encoder_from_rife(model, path, adapt=True)
    assert (len(report.filled), len(report.adapted)) == (10, 8)
    weight = model.state_dict()["encoder.levels.4.1.0.weight"]
    assert torch.equal(weight, state["contextnet.conv4.conv2.0.weight"])


def test_a_zip_serves_too(model, flownet, tmp_path):
    with zipfile.ZipFile(tmp_path / "RIFE.zip", "w") as archive:
        archive.write(flownet, "train_log/flownet.pkl")
    assert len(init_encoder_from_rife(model, tmp_path / "RIFE.zip").filled) == 10


def pyramid(*channels):
    """A model with a real pyramid of these widths; the rest is a dry run."""
    model = dry_run(find_spec("lift15-s1"))
    model.encoder = ENCODERS.get("pyramid")(Upstream("encoder 'pyramid'"), channels=channels)
    return model


def test_a_counterpart_serves_once_and_at_its_own_stride(flownet):
    report = init_encoder_from_rife(pyramid(16, 16, 32, 32), flownet)
    sources = {row.parameter[len("encoder.levels.") :]: row.source for row in report.rows}
    # 16 -> 16 with stride 2 has none, though the shape is there; 32 -> 32 exists once.
    assert {name for name, source in sources.items() if "contextnet" in source} == {
        f"{name}.{kind}" for name in ("1.1.0", "4.0.0", "4.1.0") for kind in ("weight", "bias")
    }


def test_what_is_wider_than_the_model_is_not_cut(flownet):
    model = pyramid(8, 12)
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    report = init_encoder_from_rife(model, flownet, adapt=True)
    assert len(report.left) == 6
    assert all(torch.equal(v, before[n]) for n, v in model.encoder.state_dict().items())


def test_only_a_pyramid_can_be_started(flownet):
    with pytest.raises(InputError, match="starts a 'pyramid', but the model's is 'contextnet'"):
        init_encoder_from_rife(build_model("rife-m"), flownet)
    with pytest.raises(InputError, match="but the model's is None"):
        init_encoder_from_rife(build_model("classical"), flownet)
    with pytest.raises(InputError, match="a dry run has no weights to fill"):
        init_encoder_from_rife(dry_run(find_spec("lift15-s1")), flownet)


def test_later_versions_have_no_contextnet(model, official, tmp_path):
    torch.save(official("4.15.lite"), tmp_path / "flownet.pkl")
    with pytest.raises(CheckpointError, match=r"has no Contextnet .*'rife', 'rife-m' or 'rife-2r'"):
        init_encoder_from_rife(model, tmp_path / "flownet.pkl")
