"""What every registered loss holds, whatever it measures."""

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks import LOSSES, Draft, Interpolation, Motion, Truth
from vfiblocks.errors import InputError
from vfiblocks.losses import Loss
from vfiblocks.registry import PART_REGISTRIES

NAMES = [name for name in LOSSES.names() if LOSSES.origin(name).startswith("vfiblocks.")]
SIZE = (36, 50)
PADDED = (40, 56)
STRIDE = 4
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "census": [{}, {"radius": 1}],
    "flow": [{}, {"q": 0.4, "epsilon": 1e-6, "coarser": 0.0}],
    "laplacian": [{}, {"levels": 2, "rest": True}],
    "smoothness": [{}, {"order": 2, "edges": 5.0, "coarser": 0.5}],
    "visibility": [{}, {"coarser": 1.0}],
    "warping": [{}, {"visible_only": True, "coarser": 0.5}],
}
EVERY = [(name, options) for name in NAMES for options in OPTIONS.get(name, [{}])]
every_loss = pytest.mark.parametrize(
    ("name", "options"), EVERY, ids=[f"{name}-{options}" for name, options in EVERY]
)


@pytest.fixture
def make(backbone: Callable[..., str]) -> Callable[..., Loss]:
    """Any loss; those that need weights get random ones."""

    def loss(name: str, options: dict[str, Any]) -> Loss:
        if name == "lpips":
            pytest.importorskip("lpips")
            options = {"backbone": backbone("alexnet")}
        if name == "vgg":
            options = {"layers": ("relu1_2", "relu2_2"), "backbone": backbone("vgg19", 4)}
        return LOSSES.get(name)(**options)

    return loss


class Case(NamedTuple):
    """A result and the truth; what a model makes of it is what losses send gradients to."""

    result: Interpolation
    truth: Truth

    def made(self) -> Iterator[Tensor]:
        yield self.result.image
        for motion in (self.result.motion, *self.result.motion.coarser):
            yield from (motion.flow, motion.logits)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Case":
        result, motion = self.result, self.result.motion
        coarse = motion.coarser[0]
        return self._replace(
            result=result._replace(
                image=change(result.image),
                motion=Motion(
                    change(motion.flow),
                    change(motion.logits),
                    (Motion(change(coarse.flow), change(coarse.logits)),),
                ),
            )
        )


def answer(image: Tensor, references: Tensor, flow: Tensor, logits: Tensor) -> Interpolation:
    """A model's, which pads at the right and bottom and estimates motion at strides 8 and 4."""
    coarse = Motion(F.avg_pool3d(flow, (1, 2, 2)) / 2, F.avg_pool3d(logits, (1, 2, 2)))
    return Interpolation(
        image, Draft(image, references), Motion(flow, logits, (coarse,)), None, references
    )


def some_case() -> Case:
    """An answer that is wrong in every respect, though not by much."""
    target = torch.rand(2, 3, *SIZE)
    grid = [side // STRIDE for side in PADDED]
    truth = Truth(
        target,
        4 * torch.rand(2, 2, 2, *SIZE),
        torch.rand(2, 2, 1, *SIZE) > 0.3,
        torch.tensor([True, False]),
    )
    result = answer(
        target + 0.3 * torch.randn(2, 3, *SIZE),
        torch.rand(2, 2, 3, *PADDED),
        torch.randn(2, 2, 2, *grid),
        torch.randn(2, 2, 1, *grid),
    )
    return Case(result, truth)


def right_case(truth: Truth) -> Case:
    """Nothing moves, all is seen, and that is what the answer says."""
    batch, (height, width) = len(truth.image), PADDED
    padded = F.pad(truth.image, (0, width - SIZE[1], 0, height - SIZE[0]), mode="replicate")
    grid = [side // STRIDE for side in PADDED]
    result = answer(
        truth.image.clone(),
        torch.stack((padded, padded), dim=1),
        torch.zeros(batch, 2, 2, *grid),
        torch.full((batch, 2, 1, *grid), 20.0),
    )
    still = torch.zeros(batch, 2, 2, *SIZE)
    seen = torch.ones(batch, 2, 1, *SIZE, dtype=torch.bool)
    return Case(result, truth._replace(flow=still, visible=seen))


def trainable(case: Case) -> Case:
    return case.mapped(lambda x: x.detach().clone().requires_grad_())


def slopes(found: Tensor, case: Case) -> list[Tensor]:
    return list(torch.autograd.grad(found, list(case.made()), materialize_grads=True))


@every_loss
def test_a_loss_is_a_scalar_that_falls_along_its_gradient(make, name: str, options: dict):
    loss = make(name, options)
    case = trainable(some_case())
    found = loss(*case)
    assert found.shape == ()
    assert found > 0
    slope = slopes(found, case)
    assert all(s.isfinite().all() for s in slope)
    assert any(s.any() for s in slope)
    step = 0.01 * found.detach() / sum(s.square().sum() for s in slope)  # aims at 1 % less
    ahead = iter(slope)
    better = loss(*case.mapped(lambda x: x.detach() - step * next(ahead)))
    assert better < found
    assert 0 <= loss(*right_case(case.truth)) < 0.01 * found


@every_loss
def test_the_gradient_is_finite_where_all_agree(make, name: str, options: dict):
    case = trainable(right_case(some_case().truth))
    assert all(s.isfinite().all() for s in slopes(make(name, options)(*case), case))


@every_loss
def test_half_precision_costs_the_inputs_alone(make, name: str, options: dict):
    """Sums are taken in float32, under autocast as well."""
    loss = make(name, options)
    (result, truth) = some_case()
    truth = truth._replace(image=truth.image.bfloat16())
    half = Case(result._replace(references=result.references.bfloat16()), truth).mapped(
        lambda x: x.bfloat16()
    )
    exact = half.mapped(lambda x: x.float())
    exact = Case(
        exact.result._replace(references=half.result.references.float()),
        truth._replace(image=truth.image.float()),
    )
    expected = loss(*exact)
    assert loss(*half).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(*half)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


@pytest.mark.gpu
@every_loss
def test_a_gpu_says_the_same_under_autocast(make, name: str, options: dict):
    loss = make(name, options)
    result, truth = some_case()
    there = Case(
        result._replace(references=result.references.cuda()),
        Truth(*(part.cuda() for part in truth if part is not None)),
    ).mapped(lambda x: x.cuda())
    with torch.autocast("cuda", torch.float16):
        found = loss(*there)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.cpu(), loss(result, truth), rtol=5e-3, atol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("target", "said"),
    [
        (torch.rand(3, *SIZE), r"\(B, 3, H, W\) \(2, 3, 36, 50\), .* got \(3, 36, 50\)"),
        (torch.rand(1, 3, *SIZE), r"got \(1, 3, 36, 50\)"),
        (torch.rand(2, 1, *SIZE), r"got \(2, 1, 36, 50\)"),
        (torch.rand(2, 3, 64, 64), r"got \(2, 3, 64, 64\)"),
        (torch.zeros(2, 3, *SIZE, dtype=torch.uint8), r"divide 8-bit levels by 255"),
        (torch.zeros(2, 3, *SIZE, device="meta"), r"target on meta, .* picture is on cpu"),
    ],
    ids=["no batch", "batch", "grey", "size", "bytes", "device"],
)
def test_what_is_no_such_picture_is_refused(make, name: str, target: Tensor, said: str):
    loss = make(name, {})
    with pytest.raises(InputError, match=said) as caught:
        loss(some_case().result, target)
    assert str(caught.value).startswith(type(loss).__name__)


@every_loss
def test_nothing_of_it_is_trained_or_saved(make, name: str, options: dict):
    loss = make(name, options)
    assert isinstance(loss, Loss)
    assert loss.state_dict() == {}
    assert list(loss.parameters()) == []
    case = some_case()
    expected = loss(*case)
    for other in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert other.train().bfloat16()(*case) == expected


def test_losses_are_parts_beside_the_stages():
    assert {"charbonnier", "l1", "laplacian", *OPTIONS, "lpips", "vgg"} <= set(NAMES)
    assert PART_REGISTRIES["loss"] is LOSSES
    assert LOSSES.options("laplacian") == {"levels": 5, "rest": False}
    for name in NAMES:
        assert issubclass(LOSSES.get(name), Loss)
