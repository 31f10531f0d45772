"""``lift15-s1`` against the LIFT-15 text: every tensor that sections 2 to 6 give a size.

One run per frame size, with hooks; the tests read what the hooks saw.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import pytest
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from vfiblocks import Features, Interpolation, Interpolator, build_model, dry_run, find_spec

LEFT, RIGHT = 7, 8  # entries of the list that hold I7 and I9: entry 8 is I9, as I8 is the target


@dataclass
class Run:
    """One forward pass and what went into and out of modules on the way."""

    model: Interpolator
    height: int
    width: int
    inputs: dict[str, list[Tensor]] = field(default_factory=dict)
    outputs: dict[str, list[Tensor]] = field(default_factory=dict)

    @cached_property
    def frames(self) -> Tensor:
        """Distinct first pixels tell the frames apart."""
        frames = torch.rand(1, 14, 3, self.height, self.width)
        frames[0, :, 0, 0, 0] = torch.arange(14) / 14
        return frames

    @cached_property
    def features(self) -> Features:
        with torch.no_grad():
            return self.model.encode(self.frames, self.model.window)

    @cached_property
    def out(self) -> Interpolation:
        watched = dict(self.model.named_modules())
        handles = [
            module.register_forward_hook(self._keep(name)) for name, module in watched.items()
        ]
        with torch.no_grad():
            out = self.model.decode(self.features, self.model.window)
        for handle in handles:
            handle.remove()
        return out

    def entering(self, name: str) -> Tensor:
        """What went into a module the first time."""
        assert self.out is not None
        return self.inputs[name][0]

    def size(self, stride: int) -> tuple[int, int]:
        return self.height // stride, self.width // stride

    def _keep(self, name: str) -> Any:
        def hook(_: Any, inputs: tuple[Any, ...], output: Any) -> None:
            if inputs and isinstance(inputs[0], Tensor):
                self.inputs.setdefault(name, []).append(inputs[0].clone())
            if isinstance(output, Tensor):
                self.outputs.setdefault(name, []).append(output)

        return hook


@pytest.fixture(scope="module", params=[(256, 256), (256, 448)], ids=["256x256", "256x448"])
def run(request: pytest.FixtureRequest) -> Run:
    torch.manual_seed(0)
    return Run(build_model("lift15-s1").eval(), *request.param)


def conv(inputs: int, outputs: int, kernel: int = 3) -> int:
    return (inputs * kernel**2 + 1) * outputs


def residual(channels: int) -> int:
    return 2 * conv(channels, channels) + 2 * 2 * channels  # GroupNorm has gain and offset


def test_parameters_per_stage_follow_from_the_text():
    chain = (3, 32, 32, 64, 64, 128, 128, 192, 192, 256)  # section 2.2, nine convolutions
    d = 256
    layer = (
        2 * d  # LayerNorm
        + conv(d, 3 * d, 1)  # queries, keys, values
        + conv(d, d, 1)
        + conv(1, d)  # depthwise
        + conv(d, d, 1)  # pointwise
        + 2 * d  # GroupNorm
        + 2 * d  # LayerNorm
        + conv(d, 4 * d, 1)
        + conv(4 * d, d, 1)
    )
    into_and_out_of_patches = conv(256, d, 2) + (d * 4 * 256 + 256)
    expected = {
        "encoder": sum(conv(a, b) for a, b in pairwise(chain)),
        "aggregator": into_and_out_of_patches + 3 * layer + conv(d, d // 4, 1) + conv(d // 4, 1, 1),
        "flow": conv(641, 256)
        + 3 * residual(256)
        + conv(256, 6)
        + conv(519, 128)
        + 2 * residual(128)
        + conv(128, 6),
        "blender": conv(259, 64) + conv(64, 3),
        "refiner": conv(67, 64) + 2 * 64 + 2 * residual(64) + conv(64, 32) + 2 * 32 + conv(32, 3),
    }
    assert expected["encoder"] == 1_282_976
    model = dry_run(find_spec("lift15-s1"))
    found = {
        stage: sum(p.numel() for p in module.parameters())
        for stage, module in model.named_children()
    }
    assert found == expected


def test_taps_of_the_references(run: Run):
    """Sections 2.3 and 2.5."""
    taps = {stride: tuple(tap.shape) for stride, tap in run.features.taps.items()}
    assert taps == {
        1: (1, 2, 32, run.height, run.width),
        4: (1, 2, 128, *run.size(4)),
        8: (1, 2, 192, *run.size(8)),
    }
    assert run.features.clip.shape == (1, 14, 256, *run.size(16))
    assert torch.equal(run.features.references, run.frames[:, [LEFT, RIGHT]])


def test_tokens(run: Run):
    """Sections 3.4 and 3.5: 64 tokens per frame at 256x256, 112 at 256x448."""
    tokens = {256: 64, 448: 112}[run.width]
    batch, frames, height, width, dim = run.entering("aggregator.layers.0").shape
    assert (batch, frames, height * width, dim) == (1, 14, tokens, 256)
    assert len(run.model.aggregator.layers) == 3
    # Attention is over time only: one series of 14 frames per token.
    assert run.entering("aggregator.layers.0.attention").shape == (tokens, 14, 256)
    assert run.entering("aggregator.layers.0.spatial").shape == (14, 256, *run.size(32))


def test_positions_keep_the_gap(run: Run):
    """Section 2.4: original indices, with the target's left out."""
    embed = run.model.aggregator.embed
    tokens = run.entering("aggregator.layers.0") - rearrange(
        run.outputs["aggregator.embed"][0], "(b t) d h w -> b t h w d", b=1
    )
    for entry, k in enumerate([0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14]):
        code = [
            (math.cos if channel % 2 else math.sin)(k / 10000 ** ((channel - channel % 2) / 256))
            for channel in range(256)
        ]
        # The embedding is linear: its image of the code, less the bias, is what is added.
        cell = torch.tensor(code).view(1, 256, 1, 1).expand(1, 256, 2, 2)
        with torch.no_grad():
            added = (embed(cell) - embed(torch.zeros_like(cell))).flatten()
        found = tokens[0, entry]
        torch.testing.assert_close(found, added.expand_as(found), atol=2e-5, rtol=0)


def test_context(run: Run):
    """Sections 3.6 and 3.7."""
    context = run.out.context
    assert run.entering("aggregator.importance").shape == (1, 14, 256)
    assert context.features.shape == (1, 256, *run.size(16))
    assert context.weights.shape == (1, 14)
    assert context.weights.sum().item() == pytest.approx(1)


def test_coarse_flow_sees_what_the_text_lists(run: Run):
    """Section 4.3, with the context enlarged (reading 8)."""
    seen, taps = run.entering("flow.coarse"), run.features.taps
    assert seen.shape == (1, 641, *run.size(8))
    context = F.interpolate(run.out.context.features, scale_factor=2, mode="bilinear")
    expected = (taps[8][:, 0], taps[8][:, 1], context, torch.full((1, 1, *run.size(8)), 0.5))
    torch.testing.assert_close(seen, torch.cat(expected, dim=1))
    assert run.outputs["flow.coarse"][0].shape == (1, 6, *run.size(8))


def test_fine_flow_sees_what_the_text_lists(run: Run):
    """Section 4.4: vectors are doubled when the grid is, logits are not."""
    seen, taps = run.entering("flow.fine"), run.features.taps
    assert seen.shape == (1, 519, *run.size(4))
    coarse = F.interpolate(run.outputs["flow.coarse"][0], scale_factor=2, mode="bilinear")
    context = F.interpolate(run.out.context.features, scale_factor=4, mode="bilinear")
    time = torch.full((1, 1, *run.size(4)), 0.5)
    flow, logits = 2 * coarse[:, :4], coarse[:, 4:]
    expected = (taps[4][:, 0], taps[4][:, 1], context, flow, logits, time)
    torch.testing.assert_close(seen, torch.cat(expected, dim=1))
    change = run.outputs["flow.fine"][0]
    motion = run.out.motion
    torch.testing.assert_close(motion.flow.flatten(1, 2), flow + change[:, :4])
    torch.testing.assert_close(motion.logits.flatten(1, 2), logits + change[:, 4:])


def test_motion(run: Run):
    """Sections 4.4 and 4.5."""
    motion = run.out.motion
    assert motion.flow.shape == (1, 2, 2, *run.size(4))
    assert motion.logits.shape == (1, 2, 1, *run.size(4))
    (coarse,) = motion.coarser
    assert coarse.flow.shape == (1, 2, 2, *run.size(8))
    assert coarse.logits.shape == (1, 2, 1, *run.size(8))


def test_coarse_picture(run: Run):
    """Section 5: blend, 259 channels, residual."""
    seen, draft = run.entering("blender.context_net"), run.out.draft
    assert seen.shape == (1, 259, *run.size(4))
    assert draft.warped.shape == (1, 2, 3, *run.size(4))
    assert draft.image.shape == (1, 3, *run.size(4))
    torch.testing.assert_close(draft.image, seen[:, :3] + run.outputs["blender.context_net"][0])


def test_final_picture(run: Run):
    """Sections 6.2 to 6.4: the enlarged draft, s1 of both references as they are, a residual."""
    seen, s1 = run.entering("refiner.net"), run.features.taps[1]
    enlarged = F.interpolate(run.out.draft.image, scale_factor=4, mode="bilinear")
    assert seen.shape == (1, 67, run.height, run.width)
    torch.testing.assert_close(seen, torch.cat((enlarged, s1[:, 0], s1[:, 1]), dim=1))
    assert run.out.image.shape == (1, 3, run.height, run.width)
    torch.testing.assert_close(run.out.image, enlarged + run.outputs["refiner.net"][0])


def frames_entering(model: Interpolator) -> dict[str, list[float]]:
    """First pixel of every frame, per encoder level, in the order in which frames enter."""
    entered: dict[str, list[float]] = {}
    window = model.window
    frames = torch.rand(1, len(window), 3, 32, 32)
    frames[0, :, 0, 0, 0] = torch.arange(len(window)) / len(window)

    def hook(name: str) -> Any:
        def keep(_: Any, inputs: tuple[Tensor, ...]) -> None:
            entered.setdefault(name, []).extend(inputs[0][:, 0, 0, 0].tolist())

        return keep

    levels = {"encoder": model.encoder, **model.encoder.levels}
    for name, module in levels.items():
        module.register_forward_pre_hook(hook(name))
    with torch.no_grad():
        model(frames)
    return entered


def test_every_frame_is_encoded_once():
    """Section 2.7 as read in the decisions: one pass per frame, however many taps are kept."""
    entered = frames_entering(build_model("lift15-s1").eval())
    once = [i / 14 for i in range(14)]
    assert sorted(entered["encoder"]) == pytest.approx(once)
    assert entered["encoder"][:2] == pytest.approx([LEFT / 14, RIGHT / 14])
    assert {name: len(seen) for name, seen in entered.items()} == dict.fromkeys(entered, 14)


def test_without_aggregator_only_the_references_are_encoded():
    model = build_model("lift15-no-context").eval()
    entered = frames_entering(model)
    assert entered["encoder"] == pytest.approx([LEFT / 14, RIGHT / 14])
    assert "16" not in entered  # and the level below the deepest tap is not even built
    assert {name: len(seen) for name, seen in entered.items()} == dict.fromkeys(entered, 2)


def test_other_frames_do_not_reach_the_picture_without_aggregator():
    model = build_model("lift15-no-context").eval()
    frames = torch.rand(1, 14, 3, 32, 32)
    others = frames.clone()
    others[:, [i for i in range(14) if i not in (LEFT, RIGHT)]] = 0.0
    with torch.no_grad():
        assert torch.equal(model(frames).image, model(others).image)
