"""Any timm backbone as an encoder."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

from vfiblocks.encoders.base import Encoder
from vfiblocks.errors import AssemblyError, CheckpointError, InputError, MissingDependency
from vfiblocks.ports import Upstream
from vfiblocks.registry import ENCODERS


@ENCODERS.register("timm-pyramid")
class TimmPyramid(Encoder):
    """Feature pyramid of a timm backbone (https://github.com/huggingface/pytorch-image-models).

    Any backbone that timm builds with ``features_only``; its strides and channels become the taps.
    Pictures are normalised with the backbone's own mean and deviation.

    Args:
        backbone: timm model name.
        pretrained: load timm's published weights; needs a network or a filled cache.

    Raises:
        MissingDependency: timm is not installed.
        AssemblyError: timm has no such backbone, or not as a feature pyramid.
        CheckpointError: the pretrained weights cannot be had.

    Example:
        >>> encoder = TimmPyramid(Upstream("encoder 'timm-pyramid'"), backbone="resnet18")
        >>> encoder.taps
        {2: 64, 4: 64, 8: 128, 16: 256, 32: 512}
    """

    typical_strides = (2, 4, 8, 16, 32)
    mean: Tensor
    deviation: Tensor

    def __init__(
        self, upstream: Upstream, *, backbone: str = "resnet18", pretrained: bool = False
    ) -> None:
        super().__init__(upstream)
        self._build = {"model_name": backbone, "pretrained": pretrained}
        self.body: Any = _create(upstream, **self._build)
        self._taps = dict(
            zip(self.body.feature_info.reduction(), self.body.feature_info.channels(), strict=True)
        )
        shape = (1, 3, 1, 1)
        config = self.body.pretrained_cfg if hasattr(self.body, "pretrained_cfg") else {}
        mean = config.get("mean", (0.485, 0.456, 0.406))
        deviation = config.get("std", (0.229, 0.224, 0.225))
        self.register_buffer("mean", torch.tensor(mean).view(shape), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(shape), persistent=False)

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return self._taps

    def prune(self, strides: Collection[int]) -> None:
        """Rebuild up to the deepest stride read; weights already there are kept."""
        kept = {s: c for s, c in self._taps.items() if s <= max(strides)}
        if len(kept) == len(self._taps):
            return
        with torch.device(self.mean.device):
            shallow = _create(
                None, **{**self._build, "pretrained": False}, out_indices=range(len(kept))
            )
        names = shallow.state_dict().keys()
        weights = {name: value for name, value in self.body.state_dict().items() if name in names}
        shallow.load_state_dict(weights, assign=True)
        _drop_unread_stages(shallow)
        self.body, self._taps = shallow.train(self.training), kept

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """Features of (N, 3, H, W) at the given strides; see :class:`Encoder`."""
        try:
            levels = self.body((images - self.mean) / self.deviation)
        except AssertionError as error:  # how timm's fixed-size backbones refuse other sizes
            height, width = images.shape[-2:]
            raise InputError(
                f"backbone '{self._build['model_name']}' refuses pictures of {height}x{width}: "
                f"{error}; choose a convolutional one, which takes any size"
            ) from error
        wanted = {s: x for s, x in zip(self._taps, levels, strict=True) if s in strides}
        for stride, level in wanted.items():
            want = (self._taps[stride], images.shape[-2] // stride, images.shape[-1] // stride)
            if tuple(level.shape[1:]) != want:
                raise InputError(
                    f"backbone '{self._build['model_name']}' gives {tuple(level.shape[1:])} at "
                    f"stride {stride} instead of {want}; choose one whose taps are exact divisions "
                    "in (channels, height, width) order, such as a ResNet, ConvNeXt or EfficientNet"
                )
        return wanted


def _drop_unread_stages(body: Any) -> None:
    """Cut off what lies behind the deepest tap; the EfficientNet family would run it regardless."""
    stages, deepest = getattr(body, "blocks", None), body.feature_info.module_name()[-1]
    if isinstance(stages, nn.Sequential):
        read = int(deepest.split(".")[1]) + 1 if deepest.startswith("blocks.") else 0
        del stages[read:]


def _create(upstream: Upstream | None, **options: Any) -> Any:
    try:
        import timm
    except ImportError as error:
        raise MissingDependency(
            "encoder 'timm-pyramid' needs timm; pip install 'vfiblocks[timm]'"
        ) from error
    who = upstream.reader if upstream else "encoder 'timm-pyramid'"
    name = options["model_name"]
    try:
        return timm.create_model(**options, features_only=True)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        if not timm.is_model(name):
            near = ", ".join(timm.list_models(f"{name[:6]}*")[:4]) or "see timm.list_models()"
            raise AssemblyError(f"{who}: timm has no backbone {name!r}; near: {near}") from error
        raise AssemblyError(f"{who}: timm cannot build {name!r} as a pyramid: {error}") from error
    except Exception as error:
        # Hub clients raise OSError, their own and their HTTP library's errors; all of them mean the
        # same to the user, and only when weights were asked for.
        if not options["pretrained"]:
            raise
        raise CheckpointError(
            f"{who}: the pretrained weights of {name!r} cannot be had "
            f"({type(error).__name__}); go online once, or set pretrained=False"
        ) from error
