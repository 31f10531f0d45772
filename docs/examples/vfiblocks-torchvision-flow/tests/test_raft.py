"""What the estimator promises, alone and inside a model."""

import copy
import pickle
import sys

import pytest
import torch
from vfiblocks import Part, Upstream, build_model, interpolate
from vfiblocks.errors import AssemblyError, CheckpointError, MissingDependency
from vfiblocks.testing import check_flow

from vfiblocks_torchvision_flow import Raft, load_weights
from vfiblocks_torchvision_flow.projection import project

optical_flow = pytest.importorskip("torchvision.models.optical_flow")


def raft(**options):
    return Raft(Upstream("flow 'raft'"), **options).eval()


@pytest.mark.parametrize(
    "options", [{"updates": 2}, {"updates": 1, "stride": 2}, {"size": "large", "updates": 2}]
)
def test_keeps_the_contract_of_flow_estimators(options):
    check_flow(Part("raft", **options))


@pytest.mark.parametrize("size", ["small", "large"])
def test_it_is_the_flow_of_torchvision(size):
    flow = raft(size=size, updates=3)
    left, right = torch.rand(2, 1, 3, 128, 136)
    with torch.no_grad():
        found = flow.between(torch.stack((left, right), dim=1))
        there = flow.network(2 * left - 1, 2 * right - 1, num_flow_updates=3)[-1]
        back = flow.network(2 * right - 1, 2 * left - 1, num_flow_updates=3)[-1]
    torch.testing.assert_close(found, torch.stack((there, back), dim=1), rtol=1e-4, atol=1e-3)


def test_small_pictures_are_padded_and_the_padding_is_cut_off():
    flow = raft(updates=2)
    pair = torch.rand(1, 2, 3, 64, 72)
    grown = torch.nn.functional.pad(pair.flatten(0, 1), (0, 56, 0, 64), mode="replicate")
    with torch.no_grad():
        padded = flow.between(grown.unflatten(0, (1, 2)))
        torch.testing.assert_close(flow.between(pair), padded[..., :64, :72])


def square(at, size=64):
    """A bright square on grey, 16 pixels wide, that begins at column ``at``."""
    picture = torch.full((1, 3, size, size), 0.3)
    picture[..., 24:40, at : at + 16] = 0.9
    return picture


@pytest.mark.parametrize("time", [0.25, 0.5])
def test_a_known_motion_is_brought_to_the_target_time(time):
    left, right = square(16), square(32)
    flow = torch.zeros(1, 2, 2, 64, 64)
    flow[:, 0, 0, 24:40, 16:32] = 16.0
    flow[:, 1, 0, 24:40, 32:48] = -16.0
    motion = project(torch.stack((left, right), dim=1), flow, time)
    start = 16 + round(16 * time)
    inside = motion.flow[0, :, :, 26:38, start + 2 : start + 14]
    wanted = torch.tensor([[-16.0 * time, 0.0], [16.0 * (1 - time), 0.0]])
    wanted = wanted.view(2, 2, 1, 1).expand_as(inside)
    torch.testing.assert_close(inside, wanted, rtol=0, atol=1e-3)  # around has a small say
    uncovered = motion.logits[0, :, 0, 30, 17]  # behind the square in the left one
    assert uncovered[1] > 0 > uncovered[0]


def test_any_time_and_any_size():
    model = build_model("raft-small", flow={"updates": 2}).eval()
    with torch.no_grad():
        for time in (0.2, 0.5):
            image = interpolate(model, torch.rand(3, 45, 70), torch.rand(3, 45, 70), time)
            assert image.shape == (3, 45, 70)
            assert image.isfinite().all()


def test_nothing_is_kept_of_a_call():
    flow = raft(updates=1)
    flow(torch.rand(1, 2, 3, 32, 48), {}, None, 0.5)  # with gradients
    assert flow.network.corr_block.corr_pyramid == []
    copy.deepcopy(flow)


def test_options_below_one_are_refused_by_name():
    with pytest.raises(AssemblyError, match="'raft' wants updates and stride from 1, got 0 and 1"):
        raft(updates=0)


def test_without_torchvision_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(MissingDependency, match=r"vfiblocks-torchvision-flow\[torchvision\]"):
        raft()


def test_weights_of_torchvision_are_loaded(tmp_path):
    published = optical_flow.raft_small()
    torch.save(published.state_dict(), tmp_path / "raft_small.pth")
    model = load_weights(build_model("raft-small"), tmp_path / "raft_small.pth")
    for name, value in model.flow.network.state_dict().items():
        assert torch.equal(value, published.state_dict()[name])


class Harm:
    def __reduce__(self):
        return (print, ("run",))


def test_what_is_no_such_file_is_one_clear_error(tmp_path, capsys):
    model = build_model("raft-small")
    before = copy.deepcopy(model.state_dict())

    def refused(path, said):
        with pytest.raises(CheckpointError, match=said):
            load_weights(model, path)

    refused(tmp_path / "gone.pth", "cannot read .*gone.pth: No such file")
    refused(tmp_path, "cannot read .*: Is a directory")
    (tmp_path / "text.pth").write_text("weights")
    refused(tmp_path / "text.pth", "text.pth is no file of weights")
    (tmp_path / "harm.pth").write_bytes(pickle.dumps({"a": Harm()}, protocol=2))
    refused(tmp_path / "harm.pth", "harm.pth is no file of weights")
    torch.save([1, 2], tmp_path / "list.pth")
    refused(tmp_path / "list.pth", "must hold tensors by name")
    torch.save(optical_flow.raft_large().state_dict(), tmp_path / "large.pth")
    refused(tmp_path / "large.pth", "does not fit raft 'small': .* is the file of another size")
    assert "run" not in capsys.readouterr().out
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
