"""The checks of losses and metrics: they pass what keeps its promises and catch what does not."""

import pytest
import torch

from vfiblocks import LOSSES, METRICS, Part
from vfiblocks.losses import Loss
from vfiblocks.metrics import Metric
from vfiblocks.testing import check_loss, check_metric

UNWEIGHTED = {"lpips", "vgg"}  # those two read trained weights from disk
OURS = [
    name
    for name in LOSSES.names()
    if LOSSES.origin(name).startswith("vfiblocks.") and name not in UNWEIGHTED
]
METERS = [name for name in METRICS.names() if not name.startswith("lpips-")]


@pytest.mark.parametrize("name", OURS)
def test_our_losses_keep_the_contract(name):
    check_loss(name)


@pytest.mark.parametrize("name", METERS)
def test_our_metrics_keep_the_contract(name):
    check_metric(name)


class Good(Loss):
    """Mean absolute error."""

    def measure(self, result, truth):
        return (result.image.float() - truth.image).abs().mean()


class PerSample(Good):
    """No scalar."""

    def measure(self, result, truth):
        return (result.image.float() - truth.image).abs().mean(dim=(1, 2, 3))


class Rewarding(Good):
    """Wrong answers are cheap."""

    def measure(self, result, truth):
        return 1 / (1 + super().measure(result, truth))


class Root(Good):
    """Its slope is infinite where all is right."""

    def measure(self, result, truth):
        return (result.image.float() - truth.image).square().sum().sqrt()


class Cut(Good):
    """No gradient."""

    def measure(self, result, truth):
        return super().measure(result._replace(image=result.image.detach()), truth).requires_grad_()


class Half(Good):
    """Sums in half precision."""

    def measure(self, result, truth):
        return (result.image - truth.image.to(result.image.dtype)).abs().mean()


class Learning(Good):
    """Something to train."""

    def __init__(self, *, start: float = 1.0) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(start))


class Positional(Good):
    """An option that is not keyword-only."""

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()


@pytest.fixture
def register(monkeypatch):
    for registry in (LOSSES, METRICS):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))

    def put(registry, cls):
        registry.register("tried")(cls)
        return "tried"

    return put


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (PerSample, "must give a scalar, got "),
        (Rewarding, "a right answer must cost less"),
        (Root, "gradient must be finite, also where the answer is right"),
        (Cut, "no gradient reaches"),
        (Half, "sums must be taken in float32 for half precision, got torch.bfloat16"),
        (Learning, "nothing to train"),
        (Positional, "must be keyword-only"),
    ],
)
def test_a_broken_promise_of_a_loss_is_told(register, cls, said):
    with pytest.raises(AssertionError, match=f"loss 'tried'.*{said}"):
        check_loss(register(LOSSES, cls))


def test_options_are_handed_on(register):
    check_loss(Part(register(LOSSES, Good)))
    check_loss(Part("charbonnier", epsilon=0.01))
    check_metric(Part("psnr", rounded=False))


class Levels(Metric):
    """Mean absolute error in levels."""

    better = "lower"
    unit = "levels"

    def measure(self, prediction, truth):
        return 255 * (prediction.image - truth.image).abs().flatten(1).mean(1)


class Backwards(Levels):
    """The wrong way round."""

    better = "higher"


class Mixed(Levels):
    """One sample sees the other."""

    def measure(self, prediction, truth):
        return super().measure(prediction, truth).mean().expand(len(truth.image))


class Scalar(Levels):
    """One number for all."""

    def measure(self, prediction, truth):
        return super().measure(prediction, truth).mean()


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (Backwards, "higher must be better"),
        (Mixed, "a sample alone must be as in its batch"),
        (Scalar, r"must give float32 \(B,\), got torch.float32 \(\)"),
    ],
)
def test_a_broken_promise_of_a_metric_is_told(register, cls, said):
    check_metric(register(METRICS, Levels))
    METRICS._entries.pop("tried")
    with pytest.raises(AssertionError, match=f"metric 'tried'.*{said}"):
        check_metric(register(METRICS, cls))
