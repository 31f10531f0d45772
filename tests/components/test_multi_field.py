"""One softmax over all fields, references and the synthesised colour."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks import Context, Motion, Signal, Upstream
from vfiblocks.blenders import MultiField, Visibility
from vfiblocks.errors import AssemblyError

seeds = st.integers(0, 2**32 - 1)


def build(
    *, context: Signal | None = None, motion_stride: int = 2, **options: int | None
) -> MultiField:
    torch.manual_seed(0)
    upstream = Upstream(
        "blender 'multi-field'", motion_stride=motion_stride, context_signal=context
    )
    return MultiField(upstream, **options).eval()


def draw(seed: int, fields: int = 3) -> tuple[Tensor, Motion]:
    generator = torch.Generator().manual_seed(seed)

    def motion() -> Motion:
        flow = 2 * torch.randn(2, 2, 2, 8, 12, generator=generator)
        return Motion(flow, 3 * torch.randn(2, 2, 1, 8, 12, generator=generator))

    others = tuple(motion() for _ in range(fields - 1))
    return torch.rand(2, 2, 3, 16, 24, generator=generator), motion()._replace(others=others)


@given(seeds)
@torch.no_grad()
def test_one_field_is_the_visibility_blend(seed: int) -> None:
    references, motion = draw(seed, fields=1)
    wanted = Visibility(Upstream("blender", motion_stride=2), stride=1)
    found = build()(references, motion, None, 0.5)
    torch.testing.assert_close(found, wanted(references, motion, None, 0.5))


@given(seeds)
@torch.no_grad()
def test_equal_fields_are_one_field(seed: int) -> None:
    references, motion = draw(seed, fields=1)
    blender = build()
    same = motion._replace(others=(motion, motion))
    torch.testing.assert_close(
        blender(references, same, None, 0.5), blender(references, motion, None, 0.5)
    )


@given(seeds, st.permutations([0, 1, 2]))
@torch.no_grad()
def test_the_order_of_fields_does_not_matter_to_the_picture(seed: int, order: list[int]) -> None:
    references, motion = draw(seed)
    fields = [motion._replace(others=()), *motion.others]
    first, *others = (fields[i] for i in order)
    found = build()(references, first._replace(others=tuple(others)), None, 0.5)
    torch.testing.assert_close(found.image, build()(references, motion, None, 0.5).image)


@given(seeds)
@torch.no_grad()
def test_a_field_that_is_seen_nowhere_is_not_there(seed: int) -> None:
    references, motion = draw(seed, fields=2)
    hidden = motion.others[0]._replace(logits=torch.full_like(motion.logits, -200.0))
    found = build()(references, motion._replace(others=(hidden,)), None, 0.5)
    alone = build()(references, motion._replace(others=()), None, 0.5)
    torch.testing.assert_close(found.image, alone.image)


@given(seeds)
@torch.no_grad()
def test_the_blend_lies_between_its_candidates(seed: int) -> None:
    references, motion = draw(seed)
    blender = build()
    fields = [motion._replace(others=()), *motion.others]
    warped = torch.cat([blender(references, m, None, 0.5).warped for m in fields], dim=1)
    image = blender(references, motion, None, 0.5).image
    assert (image >= warped.amin(1) - 1e-6).all()
    assert (image <= warped.amax(1) + 1e-6).all()


@torch.no_grad()
def test_synthesis_starts_with_next_to_no_weight() -> None:
    references, motion = draw(0)
    motion = motion._replace(logits=torch.zeros_like(motion.logits), others=())
    plain, made = build(), build(synthesis=8)
    difference = (
        made(references, motion, None, 0.5).image - plain(references, motion, None, 0.5).image
    )
    assert 0 < difference.abs().max() < 0.01
    assert (plain.multiple, made.multiple) == (1, 4)


@torch.no_grad()
def test_synthesis_takes_over_where_nothing_is_seen() -> None:
    references, motion = draw(0, fields=1)
    blender = build(synthesis=8)
    blender.synthesis.head.weight.zero_()
    blender.synthesis.head.bias.view(4, -1)[:3] = 0.25  # a quarter brighter than the mean
    unseen = motion._replace(logits=torch.full_like(motion.logits, -100.0))
    draft = blender(references, unseen, None, 0.5)
    torch.testing.assert_close(draft.image, draft.warped.mean(1) + 0.25)


@torch.no_grad()
def test_context_reaches_the_synthesis_and_starts_at_nothing() -> None:
    references, motion = draw(0)
    blender = build(synthesis=8, context=Signal(5, 16))
    contexts = [Context(torch.randn(2, 5, 1, 2), torch.ones(2, 2)) for _ in range(2)]
    first, second = (blender(references, motion, c, 0.5).image for c in contexts)
    assert torch.equal(first, second)
    blender.synthesis.inject.weight.normal_()
    first, second = (blender(references, motion, c, 0.5).image for c in contexts)
    assert not torch.equal(first, second)


def test_without_synthesis_context_is_not_asked_for() -> None:
    upstream = Upstream("blender", motion_stride=2, context_signal=Signal(5, 16))
    assert not list(MultiField(upstream).parameters())
    assert not upstream.needs.context


def test_refuses_a_grid_coarser_than_the_motion() -> None:
    with pytest.raises(AssemblyError, match="drafts at stride 4, but motion comes at stride 2"):
        build(stride=4)


def test_refuses_a_negative_width() -> None:
    with pytest.raises(AssemblyError, match="needs a width of 0 or more, got synthesis=-8"):
        build(synthesis=-8)
