"""The refiner sees what is aligned, and nothing from far away."""

from typing import Any

import pytest
import torch
from torch import Tensor

from vfiblocks import Draft, Motion, Upstream
from vfiblocks.errors import AssemblyError
from vfiblocks.ops import backward_warp, resize_flow
from vfiblocks.refiners import WarpedUnet

TAPS = {1: 4, 2: 6, 4: 8}
HEIGHT, WIDTH = 64, 160


def build(**options: Any) -> WarpedUnet:
    torch.manual_seed(0)
    upstream = Upstream("refiner 'warped-unet'", "any", TAPS, motion_stride=2, draft_stride=1)
    refiner = WarpedUnet(upstream, **{"channels": (8, 12, 16), **options}).eval()
    torch.nn.init.normal_(refiner.head.weight, std=0.05)  # as if it had learned something
    return refiner


def scene(
    flow: tuple[float, float] = (0.0, 0.0),
) -> tuple[Tensor, dict[int, Tensor], Motion, Draft]:
    """Both references' contents move by ``flow`` pixels of the full picture."""
    torch.manual_seed(1)
    references = torch.rand(1, 2, 3, HEIGHT, WIDTH)
    taps = {s: torch.randn(1, 2, c, HEIGHT // s, WIDTH // s) for s, c in TAPS.items()}
    vectors = torch.tensor(flow).view(2, 1, 1).expand(1, 2, 2, HEIGHT // 2, WIDTH // 2) / 2
    motion = Motion(vectors, torch.zeros(1, 2, 1, HEIGHT // 2, WIDTH // 2))
    warped = backward_warp(references, resize_flow(vectors, (HEIGHT, WIDTH)))
    return references, taps, motion, Draft(warped.mean(1), warped)


@torch.no_grad()
def test_it_starts_by_leaving_the_draft_as_it_is():
    *inputs, draft = scene()
    refiner = build()
    assert (refiner(*inputs, draft) - draft.image).abs().max() > 1e-3
    refiner = WarpedUnet(Upstream("refiner", "any", TAPS, motion_stride=2, draft_stride=1))
    assert torch.equal(refiner(*inputs, draft), draft.image)


@torch.no_grad()
def test_features_are_aligned_at_every_level():
    """Features that move with the motion are as features that stand still without."""
    refiner, shift = build(), 8
    still = scene()
    references, taps, motion, _ = scene((float(shift), 0.0))
    moved = {s: t.roll(shift // s, dims=-1) for s, t in taps.items()}
    draft = still[3]
    found = refiner(references, moved, motion, draft)
    wanted = refiner(*still)
    inside = (..., slice(48, -48))  # what lies beyond the border differs
    torch.testing.assert_close(found[inside], wanted[inside], rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_pixel_depends_on_its_surroundings_alone():
    """No norm over the picture: a change in a corner stays there."""
    refiner = build()
    references, taps, motion, draft = scene()
    before = refiner(references, taps, motion, draft)
    changed = draft._replace(image=draft.image.clone())
    changed.image[..., :4, :4] += 1.0
    after = refiner(references, taps, motion, changed)
    far = (..., slice(48, None), slice(80, None))
    assert torch.equal(after[far], before[far])
    assert not torch.equal(after[..., :8, :8], before[..., :8, :8])


@torch.no_grad()
def test_a_draft_at_another_grid_is_enlarged_and_warped_anew():
    upstream = Upstream("refiner", "any", TAPS, motion_stride=2, draft_stride=2)
    refiner = WarpedUnet(upstream, channels=(8, 12, 16)).eval()
    references, taps, motion, _ = scene()
    small = Draft(torch.rand(1, 3, 32, 80), torch.rand(1, 2, 3, 32, 80))
    image = refiner(references, taps, motion, small)
    assert image.shape == (1, 3, HEIGHT, WIDTH)


def test_levels_are_a_switch():
    assert build(channels=(8,)).strides == (1,)
    assert build(channels=(8, 12)).strides == (1, 2)
    with pytest.raises(AssemblyError, match="reads features at stride 8, but encoder 'any' offers"):
        build(channels=(8, 12, 16, 20))


@pytest.mark.parametrize("options", [{"channels": ()}, {"blocks": -1}])
def test_refuses(options: dict[str, Any]):
    with pytest.raises(
        AssemblyError, match="refiner 'warped-unet' needs one or more levels and no"
    ):
        build(**options)
