"""The five stages in order. The forward pass reads like the figure in the paper."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.blenders.base import Blender
from vfiblocks.encoders.base import Encoder
from vfiblocks.errors import InputError
from vfiblocks.flows.base import FlowEstimator
from vfiblocks.ops import crop_to, pad_to_multiple
from vfiblocks.ports import Needs
from vfiblocks.refiners.base import Refiner
from vfiblocks.spec import ModelSpec
from vfiblocks.states import Features, Interpolation
from vfiblocks.window import Window


class Interpolator(nn.Module):
    """An assembled model. Build one with :func:`vfiblocks.assemble` or ``build_model``.

    Attributes:
        spec: what it was assembled from, every option written out.
        window: the layout a call without one is taken to have.
        multiple: frames are padded inside to a multiple of this, and the picture cropped back.

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
        self._check(frames, window, valid)
        height, width = frames.shape[-2:]
        if valid is not None:  # what stands in for a missing frame must not matter, NaN included
            frames = torch.where(valid[:, :, None, None, None], frames, 0.0)
        features = self.encode(pad_to_multiple(frames, self.multiple), window)
        result = self.decode(features, window, valid)
        image = crop_to(result.image, (height, width))
        return result._replace(image=image if self.training else image.clamp(0.0, 1.0))

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
        """The half that depends on time: everything after the encoder, at the padded size."""
        references, taps, clip = features
        context = None
        if self.aggregator is not None and clip is not None:
            context = self.aggregator(clip, window, valid)
        motion = self.flow(references, taps, context, window.time)
        draft = self.blender(references, motion, context, window.time)
        image = draft.image
        if self.refiner is not None:
            image = self.refiner(references, taps, motion, draft)
        return Interpolation(image, draft, motion, context, references)

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

    def _check(self, frames: Tensor, window: Window, valid: Tensor | None) -> None:
        if not isinstance(window, Window):
            raise InputError(f"window must be a Window, got {window!r}; Window(positions, target)")
        if not isinstance(frames, Tensor):
            raise InputError(
                f"frames must be a tensor (B, T, 3, H, W), got {type(frames).__name__}"
            )
        if frames.ndim != 5 or frames.shape[2] != 3 or 0 in frames.shape:
            raise InputError(
                f"frames must be (B, T, 3, H, W), got {tuple(frames.shape)}; "
                "a clip of RGB pictures is torch.stack(pictures)[None]"
            )
        if not frames.is_floating_point():
            raise InputError(
                f"frames must be floats in [0, 1], got {frames.dtype}; "
                "divide 8-bit levels by 255: frames.float() / 255"
            )
        if frames.shape[1] != len(window):
            raise InputError(
                f"the window has {len(window)} positions, but {frames.shape[1]} frames came; give "
                f"a window that fits, such as Window.even(left, right) with left + right = "
                f"{frames.shape[1]}"
            )
        if not self.flow.any_time and abs(window.time - 0.5) > 1e-9:
            raise InputError(
                f"flow '{self.spec.flow.name}' as built here knows the midpoint only, but time "
                f"{window.time:g} was asked for; use a model with arbitrary time (such as "
                "'rife-m'), or reach it through midpoints of midpoints"
            )
        if valid is not None and (valid.shape != frames.shape[:2] or valid.dtype != torch.bool):
            raise InputError(
                f"valid must be a bool tensor {tuple(frames.shape[:2])}, one per frame, got "
                f"{valid.dtype} {tuple(valid.shape)}"
            )
        if torch.compiler.is_compiling() or frames.is_meta:  # what follows reads values
            return
        self._check_place(frames, valid)
        if valid is not None and not valid[:, list(window.references)].all():
            raise InputError(
                "the two reference frames must exist; valid marks one of them as missing "
                f"(entries {window.references})"
            )
        if not self.training:
            self._check_values(frames, valid)

    def _check_place(self, frames: Tensor, valid: Tensor | None) -> None:
        """Device and precision, which torch reports from deep inside and without naming frames."""
        if valid is not None and valid.device != frames.device:
            raise InputError(
                f"frames are on {frames.device}, but valid is on {valid.device}; "
                "valid.to(frames.device)"
            )
        weight = next(self.parameters(), None)
        if weight is None:
            return
        if weight.device != frames.device:
            raise InputError(
                f"frames are on {frames.device}, but the model is on {weight.device}; "
                f"frames.to({str(weight.device)!r})"
            )
        if weight.dtype != frames.dtype and not torch.is_autocast_enabled(frames.device.type):
            raise InputError(
                f"frames are {frames.dtype}, but the model computes in {weight.dtype}; "
                f"frames.to({weight.dtype}), or torch.autocast"
            )

    @staticmethod
    def _check_values(frames: Tensor, valid: Tensor | None) -> None:
        present = frames if valid is None else frames[valid]
        low, high = (float(x) for x in torch.aminmax(present.detach()))
        if not low >= -16.0 or not high <= 16.0:  # written so that NaN fails as well
            raise InputError(
                f"frames must be finite and lie in [0, 1], got values from {low:g} to {high:g}; "
                "8-bit levels are divided by 255"
            )
