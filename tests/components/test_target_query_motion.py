"""Coarse motion on textures whose motion is known, with weights as they are built."""

import functools
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks import Upstream, Window
from vfiblocks.aggregators import TargetQuery
from vfiblocks.encoders import TwoStems
from vfiblocks.ops import backward_warp, pad_to_multiple, resize, shrink

CELL = 16
INSIDE = (..., slice(6, -6), slice(6, -6))  # content enters the picture at its border
SIZE = (256, 384)
WINDOWS = [Window.hole(6, 3), Window.even(2, 2, 0.25)]


@functools.cache
def texture(seed: int, side: int = 1024) -> Tensor:
    """Coarse and fine structure."""
    generator = torch.Generator().manual_seed(seed)
    picture = torch.zeros(1, 3, side, side)
    for cell, strength in ((4, 0.25), (8, 0.35), (16, 0.5), (32, 0.5)):
        grain = torch.rand(1, 3, side // cell, side // cell, generator=generator) - 0.5
        picture += strength * F.interpolate(grain, size=(side, side), mode="bicubic")
    return (picture + 0.5).clamp(0, 1)


def gaps(window: Window) -> list[float]:
    left, right = (window.positions[i] for i in window.references)
    return [(p - window.target) / (right - left) for p in window.positions]


def way(window: Window, velocity: Sequence[float], bend: Sequence[float] = (0, 0)) -> Tensor:
    """(T, 2): where the target's content lies in each frame, off its place, in whole pixels."""
    u = torch.tensor(gaps(window))[:, None]
    return (u * torch.tensor(velocity) + u * u * torch.tensor(bend)).round()


class Scene:
    """A texture that moves, seen by an encoder and an aggregator with fresh weights."""

    def __init__(self, seed: int = 0, **options: object) -> None:
        torch.manual_seed(seed)
        self.picture = texture(seed)
        self.encoder = TwoStems(Upstream("encoder 'two-stems'"))
        upstream = Upstream("aggregator", encoder="two-stems", taps=self.encoder.taps)
        self.aggregator = TargetQuery(upstream, **options).eval()

    def features(self, dx: float = 0, dy: float = 0) -> Tensor:
        top, left = 384 - int(dy), 320 - int(dx)
        return self.encoder(self.picture[..., top : top + SIZE[0], left : left + SIZE[1]], {16})[16]

    def flow(self, window: Window, places: Tensor, valid: Tensor | None = None) -> Tensor:
        """(T, 2, h, w) in pixels."""
        return CELL * self.aggregator.course(self.states(places), window, valid).flow[0]

    def states(self, places: Tensor) -> Tensor:
        frames = [self.aggregator.prepare(self.features(dx, dy)) for dx, dy in places.tolist()]
        return torch.stack(frames, dim=1)


def error(flow: Tensor, places: Tensor) -> Tensor:
    """(T,) mean distance in pixels."""
    return (flow - places[:, :, None, None]).norm(dim=1)[INSIDE].mean((1, 2))


@pytest.mark.parametrize("window", WINDOWS, ids=["hole", "early"])
@pytest.mark.parametrize("velocity", [(0, 0), (20, 9), (-70, 40), (100, 0)])
@torch.no_grad()
def test_motion_is_found_within_a_cell(window: Window, velocity: tuple[float, float]):
    places = way(window, velocity)
    flow = Scene(follow=0).flow(window, places)
    left, right = window.references
    found = (flow[right] - flow[left])[INSIDE].mean((1, 2))
    assert (found - (places[right] - places[left])).norm() < CELL
    assert (error(flow, places)[[left, right]] < CELL).all()
    for i, gap in enumerate(gaps(window)):  # the other frames lie on the line through these two
        torch.testing.assert_close(flow[i], gap * (flow[right] - flow[left]))


@pytest.mark.parametrize("follow", [0, 1])
@pytest.mark.parametrize("velocity", [(48, -32), (20, 9)])
@torch.no_grad()
def test_far_frames_agree_with_the_target_where_motion_leads(
    velocity: tuple[float, float], follow: int
):
    window, scene = WINDOWS[0], Scene(follow=follow)
    places = way(window, velocity)
    frames = torch.cat([scene.features(dx, dy) for dx, dy in places.tolist()])
    target = scene.features()
    mean = frames.mean((0, 2, 3))[:, None, None]

    def alike(maps: Tensor) -> Tensor:
        return F.cosine_similarity(maps - mean, target - mean, dim=1)[INSIDE].mean((1, 2))

    flow = scene.flow(window, places) / CELL
    far = [i for i in range(len(window)) if i not in window.references]
    aligned, unaligned = alike(backward_warp(frames, flow))[far], alike(frames)[far]
    assert (aligned > unaligned + 0.2).all()


@torch.no_grad()
def test_no_radius_is_no_motion():
    window, scene = WINDOWS[0], Scene(radius=0, follow=0)
    assert not scene.flow(window, way(window, (32, 0))).any()


@pytest.mark.parametrize("window", WINDOWS, ids=["hole", "early"])
@torch.no_grad()
def test_an_open_gate_bends_motion(window: Window):
    velocity, bend = (32, 0), (0, 24)
    places = way(window, velocity, bend)
    straight, bent = (Scene(curvature=bends, follow=0) for bends in (False, True))
    line = straight.flow(window, places)
    assert torch.equal(bent.flow(window, places), line)  # the gate starts closed
    bent.aggregator.curvature.gate.bias.fill_(10.0)
    before, after = error(line, places), error(bent.flow(window, places), places)
    assert (after[[0, -1]] < 0.5 * before[[0, -1]]).all()
    assert after.sum() < 0.5 * before.sum()
    still = way(window, velocity)  # and leaves what is straight as it is
    assert (
        error(bent.flow(window, still), still).max()
        < error(straight.flow(window, still), still).max() + CELL / 4
    )


@pytest.mark.parametrize(
    "path",
    [
        [(-96, 0), (-64, 0), (-32, 0), (0, 0), (32, 0), (64, 0), (96, 0)],  # too far for one step
        [(-16, 16), (-16, 16), (-16, 0), (0, 0), (16, 0), (16, 16), (16, 32)],  # turns
        [(16, 0), (0, 0), (-16, 0), (0, 0), (16, 0), (0, 0), (-16, 0)],  # shakes
    ],
    ids=["pans", "turns", "shakes"],
)
@torch.no_grad()
def test_content_is_followed(path: list[tuple[float, float]]):
    window = Window.hole(7, 3)
    places = torch.tensor([path[int(p)] for p in window.positions], dtype=torch.float32)
    line, followed = (error(Scene(follow=n).flow(window, places), places) for n in (0, 1))
    pair = list(window.references)
    assert torch.equal(line[pair], followed[pair])
    assert (followed < CELL / 2).all()
    if path[0] != (-96, 0):
        assert line.max() > CELL  # which a line could not


@torch.no_grad()
def test_frames_that_are_missing_are_stepped_over():
    window, scene = Window.hole(7, 3), Scene()
    states = scene.states(way(window, (20, 9), (0, 8)))
    valid = torch.tensor([[True, False, True, True, False, True]])
    states = torch.where(valid[:, :, None, None, None], states, 0.0)
    kept = valid[0].nonzero().flatten().tolist()
    shorter = Window(tuple(window.positions[i] for i in kept), window.target)
    found = scene.aggregator.course(states, window, valid).flow[:, kept]
    assert torch.equal(found, scene.aggregator.course(states[:, kept], shorter, None).flow)


@torch.no_grad()
def test_curvature_takes_the_nearest_frames_that_exist():
    """One sample has all frames, one lacks the next, one has none to its left."""
    window, scene = Window.even(3, 3), Scene(curvature=True)
    scene.aggregator.curvature.gate.bias.fill_(10.0)
    states = scene.states(way(window, (16, 0), (0, 16)))
    valid = torch.tensor(
        [[True] * 6, [True, False, True, True, True, True], [False] * 2 + [True] * 4]
    )
    together = scene.aggregator.course(
        torch.where(valid[:, :, None, None, None], states, 0.0), window, valid
    )
    for sample, present in enumerate(valid):
        kept = present.nonzero().flatten().tolist()
        shorter = Window(tuple(window.positions[i] for i in kept), window.target)
        alone = scene.aggregator.course(states[:, kept], shorter, None)
        torch.testing.assert_close(together.flow[sample, kept], alone.flow[0])
        torch.testing.assert_close(together.cues[sample], alone.cues[0])
    bends = together.cues[:, 3:].abs().mean((1, 2, 3))
    assert bends[0] > 0.01
    assert bends[1] > 0.01
    assert bends[2] == 0


@torch.no_grad()
def test_flat_pictures_have_no_motion():
    """Away from their borders, which are searched as well: that is 13 cells."""
    window, scene = Window.even(2, 2), Scene(curvature=True)
    flat = scene.aggregator.prepare(scene.encoder(torch.full((1, 3, 480, 480), 0.4), {16})[16])
    course = scene.aggregator.course(flat[:, None].expand(-1, 4, -1, -1, -1), window, None)
    assert course.flow[..., 13:-13, 13:-13].abs().max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bmx-trees", "pillow"])
@torch.no_grad()
def test_real_frames_agree_better_where_content_is_followed(dev_clips: Path, name: str):
    """Thumbnails of the frames, brought to the target, against its own."""
    av = pytest.importorskip("av")
    window, scene = Window.hole(15, 8), Scene()
    with av.open(str(dev_clips / f"{name}.mp4")) as container:
        decoded = islice(container.decode(video=0), 10, 25)
        pictures = [torch.from_numpy(f.to_ndarray(format="rgb24")) for f in decoded]
    frames = torch.stack(pictures).movedim(-1, 1) / 255
    frames = resize(shrink(pad_to_multiple(frames, 2), 2), (240, 416))
    frames, target = frames[[int(p) for p in window.positions]], shrink(frames[8], CELL)
    states = scene.aggregator.prepare(scene.encoder(frames, {16})[16])[None]
    errors = {}
    for follow in (0, 1):
        scene.aggregator.follow = follow
        flow = scene.aggregator.course(states, window, None).flow[0]
        errors[follow] = (backward_warp(shrink(frames, CELL), flow) - target).abs().mean((1, 2, 3))
    still = (shrink(frames, CELL) - target).abs().mean((1, 2, 3))
    far = [i for i in range(14) if i not in window.references]
    assert (errors[1] < still).all()
    assert errors[1][far].mean() < 0.85 * errors[0][far].mean()
