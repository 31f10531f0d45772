"""Linear light: what the numbers of an EXR image mean, and how a model gets to see them.

An EXR image holds light itself, without the gamma of video and without an upper end: white is 1,
a lamp may be 50. Models expect gamma-coded colours in [0, 1]. Two conversions, for two purposes:

* *signal*: a curve that holds every half-precision number from 0 to 65504 and can be inverted, the
  square root up to white (as in HLG, ITU-R BT.2100) and a logarithm beyond, joined smoothly. It
  puts white at 0.70. EXR frames are interpolated in it and come back as light; only negative
  numbers, which cameras' wide gamuts produce, are lost in made frames (they become 0).
* *display*: the sRGB curve (IEC 61966-2-1), white at 1, brighter than white cut off. It connects
  EXR images with everything else, in both directions.

In EXR, colours are multiplied by their opacity; in video and PNG they are not.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vfiblocks.errors import VideoError

_BRIGHTEST = 65504.0  # the largest number of half precision
_BEND = 1 / 32
_WHITE = 1 / (1 + _BEND * math.log1p((_BRIGHTEST - 1) / (2 * _BEND)))


def light_to_signal(light: Tensor) -> Tensor:
    """Linear light as a signal in [0, 1].

    Raises:
        VideoError: a number is infinite or none at all.

    Example:
        >>> light_to_signal(torch.tensor([-1.0, 0.0, 65504.0])).tolist()
        [0.0, 0.0, 1.0]
    """
    if not bool(light.isfinite().all()):
        raise VideoError(
            "the image holds numbers that are infinite or undefined; repair these pixels first"
        )
    dark = light.clamp(0, 1).sqrt()
    bright = _BEND * ((light.clamp_min(1) - 1) / (2 * _BEND)).log1p()
    return (_WHITE * (dark + bright)).clamp_(0, 1)


def signal_to_light(signal: Tensor) -> Tensor:
    """The inverse of :func:`light_to_signal`.

    >>> light = torch.tensor([0.0, 0.18, 1.0, 50.0])
    >>> bool(torch.allclose(signal_to_light(light_to_signal(light)), light, rtol=1e-5))
    True
    """
    value = signal.clamp(0, 1) / _WHITE
    dark = value.clamp_max(1) ** 2
    bright = 2 * _BEND * ((value.clamp_min(1) - 1) / _BEND).expm1()
    return (dark + bright).clamp_max_(_BRIGHTEST)


def light_to_display(light: Tensor) -> Tensor:
    """Linear light as sRGB-coded colour; brighter than white becomes white.

    >>> light_to_display(torch.tensor([0.0, 0.18, 1.0, 50.0]))
    tensor([0.0000, 0.4614, 1.0000, 1.0000])
    """
    light = light.clamp(0, 1)
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def display_to_light(display: Tensor) -> Tensor:
    """The inverse of :func:`light_to_display` for colours in [0, 1]."""
    linear = display / 12.92
    return torch.where(display <= 0.04045, linear, ((display + 0.055) / 1.055) ** 2.4)
