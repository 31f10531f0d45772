"""The five stages in order. The forward pass reads like the figure in the paper."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.blenders.base import Blender
from vfiblocks.checks import check_clip
from vfiblocks.encoders.base import Encoder
from vfiblocks.flows.base import FlowEstimator
from vfiblocks.notebook import html_table
from vfiblocks.ops import crop_to, pad_to_multiple
from vfiblocks.ports import Needs
from vfiblocks.refiners.base import Refiner
from vfiblocks.spec import STAGES, ModelSpec, in_words
from vfiblocks.states import Context, Features, Interpolation
from vfiblocks.window import Window


class Interpolator(nn.Module):
    """An assembled model. Build one with :func:`vfiblocks.assemble` or ``build_model``.

    Attributes:
        spec: what it was assembled from, every option written out.
        window: the layout a call without one is taken to have.
        multiple: frames are padded inside to a multiple of this, and the picture cropped back.
        reads: stage -> what it asked the ones before it for, such as "taps[4]" or "context".

    Example:
        >>> import torch
        >>> from vfiblocks import build_model
        >>> model = build_model("lift15-tiny").eval()
        >>> out = model(torch.rand(1, 14, 3, 40, 56))
        >>> out.image.shape, out.context.weights.shape
        (torch.Size([1, 3, 40, 56]), torch.Size([1, 14]))
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        encoder: Encoder | None,
        aggregator: Aggregator | None,
        flow: FlowEstimator,
        blender: Blender,
        refiner: Refiner | None,
        needs: Needs,
        multiple: int,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.window = spec.window
        self.multiple = multiple
        self.tap_strides = tuple(sorted(needs.taps))
        self.clip_stride = needs.clip
        self.reads = {stage: tuple(read) for stage, read in needs.reads.items()}
        self.encoder = encoder
        self.aggregator = aggregator
        self.flow = flow
        self.blender = blender
        self.refiner = refiner

    def forward(
        self, frames: Tensor, window: Window | None = None, valid: Tensor | None = None
    ) -> Interpolation:
        """Interpolate.

        Args:
            frames: (B, T, 3, H, W), floats in [0, 1], in the order of ``window.positions``; any
                size, any number of frames.
            window: when the frames were taken and which moment is asked for.
            valid: (B, T) bool, False where a frame does not exist. What stands in its place does
                not matter. The two references must exist.

        Raises:
            InputError: for frames of another kind, number or range, or missing references.
        """
        window = self.window if window is None else window
        check_clip(self, frames, window, valid)
        if valid is not None:  # what stands in for a missing frame must not matter, NaN included
            frames = torch.where(valid[:, :, None, None, None], frames, 0.0)
        features = self.encode(pad_to_multiple(frames, self.multiple), window)
        result = self.decode(features, window, valid)
        return self.finish(result, (frames.shape[-2], frames.shape[-1]))

    def encode(self, frames: Tensor, window: Window) -> Features:
        """The half that depends on pictures only, never on positions.

        Args:
            frames: (B, T, 3, H, W), H and W multiples of ``self.multiple``.
            window: tells which two frames are the references; the rest of it is not read.
        """
        left, right = window.references
        references = torch.stack((frames[:, left], frames[:, right]), dim=1)
        if self.encoder is None:
            return Features(references, {}, None)
        strides = set(self.tap_strides) | ({self.clip_stride} if self.clip_stride else set())
        paired = self.encoder(rearrange(references, "b p c h w -> (b p) c h w"), strides)
        taps = {s: rearrange(paired[s], "(b p) c h w -> b p c h w", p=2) for s in strides}
        if self.clip_stride is None:
            return Features(references, taps, None)
        others = [i for i in range(frames.shape[1]) if i not in (left, right)]
        deepest = dict(zip(others, self._encode_others(frames, others), strict=True))
        deepest[left], deepest[right] = taps[self.clip_stride].unbind(1)
        clip = torch.stack([deepest[i] for i in range(frames.shape[1])], dim=1)
        return Features(references, {s: taps[s] for s in self.tap_strides}, clip)

    def decode(
        self, features: Features, window: Window, valid: Tensor | None = None
    ) -> Interpolation:
        """The half that depends on positions: all after the encoder, at the padded size."""
        references, taps, clip = features
        context = None
        if self.aggregator is not None and clip is not None:
            context = self.aggregator(clip, window, valid)
        return self.render(references, taps, context, window.time)

    def render(
        self,
        references: Tensor,
        taps: dict[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Interpolation:
        """What has to be done anew for every moment between two frames, at the padded size.

        Args:
            references: (B, 2, 3, H, W), H and W multiples of ``self.multiple``.
            taps: stride -> (B, 2, C, H/stride, W/stride).
            context: of the frames around; None without an aggregator.
            time: where between the references, in (0, 1).
        """
        motion = self.flow(references, taps, context, time)
        draft = self.blender(references, motion, context, time)
        image = draft.image
        if self.refiner is not None:
            image = self.refiner(references, taps, motion, draft)
        return Interpolation(image, draft, motion, context, references)

    def finish(self, result: Interpolation, size: tuple[int, int]) -> Interpolation:
        """Crop the picture to the frames' own size, and clamp it outside of training."""
        image = crop_to(result.image, size)
        return result._replace(image=image if self.training else image.clamp(0.0, 1.0))

    def window_between(
        self, time: float = 0.5, *, left: int | None = None, right: int | None = None
    ) -> Window:
        """An evenly spaced window for this model, as when a video's frame rate is raised.

        Args:
            time: where between the references.
            left: frames before the target; as many as the model's own window has if not given.
            right: frames after it, likewise.

        The target lies where the model's own target lies, so that positional encodings stay near
        those it was trained on.
        """
        left = self.window.left if left is None else left
        right = self.window.right if right is None else right
        return Window.even(left, right, time).shifted(self.window.target)

    def tree(self) -> str:
        """Every module down to the last convolution, as torch prints it."""
        return super().__repr__()

    def __repr__(self) -> str:
        lines = [f"  {stage:<11}{count:>11,}  {part}" for stage, part, count in self._stages()]
        lines.append(f"  {'window':<11}{len(self.window):>11}  {self.window}")
        return "\n".join((self._summary(), *lines))

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = [(stage, part, f"{count:,}") for stage, part, count in self._stages()]
        rows.append(("window", str(self.window), ""))
        return html_table(
            self._summary(), ("stage", "part", "parameters"), rows, numbers=("parameters",)
        )

    def _summary(self) -> str:
        total = sum(p.numel() for p in self.parameters())
        return (
            f"Interpolator: {len(self.window)} frames to 1, {total:,} parameters, "
            f"pads to multiples of {self.multiple}"
        )

    def _stages(self) -> list[tuple[str, str, int]]:
        """Stage, part in words and number of parameters."""
        found = []
        for stage in STAGES:
            module, part = getattr(self, stage), getattr(self.spec, stage)
            if module is not None:
                count = sum(p.numel() for p in module.parameters())
                found.append((stage, in_words(part, type(module)), count))
        return found

    def _encode_others(self, frames: Tensor, others: list[int]) -> list[Tensor]:
        """Deepest tap of the frames that are not references.

        One batched pass on an accelerator. On a CPU frame by frame: a batched pass is slower there
        (benchmarks/), because its big blocks are returned to the system and faulted in anew.
        """
        if not others or self.encoder is None or self.clip_stride is None:
            return []
        stride = self.clip_stride
        if frames.device.type == "cpu":
            return [self.encoder(frames[:, i], {stride})[stride] for i in others]
        batch = rearrange(frames[:, others], "b t c h w -> (b t) c h w")
        deepest = self.encoder(batch, {stride})[stride]
        return list(rearrange(deepest, "(b t) c h w -> t b c h w", t=len(others)).unbind(0))
