"""The contract checks catch what they are for, and say it in words."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from vfiblocks import AGGREGATORS, BLENDERS, ENCODERS, FLOWS, REFINERS, Part
from vfiblocks.aggregators import Mean
from vfiblocks.blenders import Average, Visibility
from vfiblocks.encoders import Pyramid
from vfiblocks.errors import UnknownComponent
from vfiblocks.flows import FlowEstimator, IFNet
from vfiblocks.refiners import FullResolution, Refiner
from vfiblocks.states import Context, Draft, Motion
from vfiblocks.testing import check_part

REGISTRIES = {r.stage: r for r in (ENCODERS, AGGREGATORS, FLOWS, BLENDERS, REFINERS)}


class Documented(Refiner):
    """Does nothing."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0]


class TwoPositional(Documented):
    """Takes an option by position."""

    def __init__(self, upstream, size: int = 3):
        super().__init__(upstream)


class NoDefault(Documented):
    """Cannot be built by name."""

    def __init__(self, upstream, *, size: int):
        super().__init__(upstream)


class ModuleDefault(Documented):
    """Has an option that no spec can store."""

    def __init__(self, upstream, *, layer: Any = nn.ReLU):
        super().__init__(upstream)


class NoAnnotation(Documented):
    """Has an option of no known type."""

    def __init__(self, upstream, *, size=3):
        super().__init__(upstream)


class WithoutUpstream(Documented):
    """Takes nothing."""

    def __init__(self):
        super().__init__(None)


class Undocumented(Documented):
    pass


Undocumented.__doc__ = None


class Idle(FullResolution):
    """Has a layer that nothing reads."""

    def __init__(self, upstream, *, channels: int = 8):
        super().__init__(upstream, channels=channels, blocks=1)
        self.spare = nn.Conv2d(3, 3, 1)


class Halved(Documented):
    """Gives half the size."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0, :, ::2, ::2]


class Narrow(Documented):
    """Gives single precision, whatever came."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0].float()


class InPlace(Documented):
    """Changes the pictures that others read."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0].mul_(0.5)


class Sampling(Documented):
    """Draws at random in eval."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0] + torch.randn_like(references[:, 0])


class BatchMean(Documented):
    """Looks at the whole batch."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0] - references.mean()


class Forgetful(FullResolution):
    """Keeps a random constant out of its state."""

    def __init__(self, upstream, *, channels: int = 8):
        super().__init__(upstream, channels=channels, blocks=1)
        self.secret = float(torch.rand(()))

    def forward(self, references, taps, motion, draft):
        return super().forward(references, taps, motion, draft) + self.secret


class Reading(Documented):
    """Looks at values, which a dry run cannot."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0] * (2.0 if float(references.max()) > 9 else 1.0)


class Infinite(Documented):
    """Divides by zero."""

    def forward(self, references, taps, motion, draft):
        return references[:, 0] / 0


class HalfPicky(Documented):
    """Refuses without saying who it is."""

    def __init__(self, upstream):
        super().__init__(upstream)
        raise type(upstream.refuse(""))("no")


class Unpruned(Pyramid):
    """Keeps everything."""

    def prune(self, strides):
        pass


class Boastful(Pyramid):
    """Names a stride it lacks."""

    typical_strides = (1, 2, 4, 8, 16, 32)


class MeanOfPresence(Mean):
    """Counts missing frames as dark ones."""

    def forward(self, clip, window, valid):
        context = super().forward(clip, window, None)
        return context if valid is None else Context(context.features, context.weights * valid)


class Ordinal(Mean):
    """Goes by place in the list instead of position."""

    def forward(self, clip, window, valid):
        weights = torch.linspace(1, 2, clip.shape[1]).expand(clip.shape[:2])
        weights = weights if valid is None else weights * valid
        weights = weights / weights.sum(1, keepdim=True)
        return Context(torch.einsum("bt,btchw->bchw", weights.to(clip), clip), weights.to(clip))


class Unnormalised(Mean):
    """Weights that sum to the number of frames."""

    def forward(self, clip, window, valid):
        return Context(clip.sum(1), clip.new_ones(clip.shape[:2]))


class FlowForPicturesOnly(IFNet):
    """Gives flow of the wrong layout."""

    def forward(self, references, taps, context, time):
        motion = super().forward(references, taps, context, time)
        return Motion(motion.flow.flatten(1, 2), motion.logits)


class CoarserWrong(FlowEstimator):
    """Gives coarser estimates of another kind."""

    def __init__(self, upstream):
        super().__init__(upstream)
        self.stride = 1

    def forward(self, references, taps, context, time):
        motion = Motion(references[:, :, :2], references[:, :, :1])
        return motion._replace(coarser=(Motion(references, references),))


class FullSizeDraft(Average):
    """Drafts at full size, and says otherwise."""

    def forward(self, references, motion, context, time):
        return Draft(references.mean(1), references)


class FullSizeOnly(Visibility):
    """Refuses motion at other strides than 8."""

    def __init__(self, upstream):
        if upstream.motion() != 8:
            raise upstream.refuse("needs motion at stride 8")
        super().__init__(upstream)


class ForgetsItsSplit(Mean):
    """Prepares what aggregate does not expect."""

    def prepare(self, features):
        return 2 * features

    def aggregate(self, states, window, valid):
        return super().forward(states, window, valid)

    def forward(self, clip, window, valid):
        return super().forward(clip, window, valid)


class ReadsTheTarget(Mean):
    """Promises not to."""

    uses_target = False

    def forward(self, clip, window, valid):
        context = super().forward(clip, window, valid)
        return context._replace(features=context.features * window.target)


BROKEN = [
    ("refiner", Undocumented, "needs a docstring"),
    ("refiner", TwoPositional, "'size: int = 3' must be keyword-only"),
    ("refiner", NoDefault, "option 'size' needs a default"),
    ("refiner", ModuleDefault, "default of 'layer' must be plain data"),
    ("refiner", NoAnnotation, "option 'size' needs an annotation"),
    ("refiner", WithoutUpstream, "first constructor argument must be 'upstream', got none"),
    ("refiner", Idle, "no gradient reaches 'spare.weight'"),
    ("refiner", Halved, r"image must be \(2, 3, 32, 64\) by declaration, got \(2, 3, 16, 32\)"),
    ("refiner", Narrow, "image must keep the precision torch.float64"),
    ("refiner", InPlace, "changes its inputs in place"),
    ("refiner", Sampling, "image differs between two calls in eval"),
    ("refiner", BatchMean, "sample 0 alone must be as in its batch; 'image' differs by"),
    ("refiner", Forgetful, "a fresh instance that loaded the state_dict must give the same"),
    ("refiner", Reading, "cannot run on the meta device"),
    ("refiner", Infinite, "image must be finite"),
    ("refiner", HalfPicky, "must name itself when it refuses: no"),
    ("encoder", Unpruned, r"prune\(\{1\}\) must drop what it does not read: levels.2.0.0.weight"),
    ("encoder", Boastful, "typical_strides"),
    ("aggregator", MeanOfPresence, "must not matter"),
    ("aggregator", Ordinal, r"permuted along with their positions|as if absent"),
    ("aggregator", Unnormalised, r"weights must sum to 1 per sample, got \[5.0, 5.0\]"),
    ("aggregator", ForgetsItsSplit, "prepared one by one and aggregated must give what forward"),
    ("aggregator", ReadsTheTarget, "must not depend on the target, or uses_target must be True"),
    ("flow", FlowForPicturesOnly, "flow must be"),
    ("flow", CoarserWrong, "coarser estimates must be"),
    ("blender", FullSizeDraft, r"image must be \(2, 3, 8, 16\) by declaration, got \(2, 3, 32, 64"),
    ("blender", FullSizeOnly, "accepts motion neither at stride 4 nor at stride 1"),
]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, type], None]:
    """Put a class under the name 'broken' for one test."""

    def put(stage: str, cls: type) -> None:
        monkeypatch.setattr(REGISTRIES[stage], "_entries", dict(REGISTRIES[stage]._entries))
        REGISTRIES[stage].register("broken")(cls)

    return put


@pytest.mark.parametrize(
    ("stage", "cls", "message"), [pytest.param(*case, id=case[1].__name__) for case in BROKEN]
)
def test_broken_promise_is_named(stage: str, cls: type, message: str, register: Any):
    register(stage, cls)
    with pytest.raises(AssertionError, match=message) as caught:
        check_part(stage, "broken")
    assert f"{stage} 'broken'" in str(caught.value)


def test_options_reach_the_part(register: Any):
    register("refiner", NoDefault)
    check_part("refiner", Part("broken", size=3))


def test_unknown_stages_and_names():
    with pytest.raises(UnknownComponent, match="unknown stage 'decoder'; stages are encoder, agg"):
        check_part("decoder", "pyramid")
    with pytest.raises(UnknownComponent, match="unknown encoder 'pyramids'; did you mean 'pyram"):
        check_part("encoder", "pyramids")
