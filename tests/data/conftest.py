"""Clips that are in no file: every frame says which one it is, or shows a known motion."""

import math
import os
import signal
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from lift15.data.sources.base import Clip, ClipSource, MotionTruth
from vfiblocks.errors import DataError


class Numbers(ClipSource):
    """Frame n of clip c is n everywhere in red, c in green and 200 in blue."""

    def __init__(
        self,
        lengths: Sequence[int],
        *,
        name: str = "numbers:",
        size: tuple[int, int] = (8, 12),
        scenes: Sequence[str] | None = None,
        bad: Sequence[str] = (),
        deadly: Sequence[str] = (),
        poison: int | None = None,
        tall: Sequence[str] = (),
        held_out: bool = False,
    ) -> None:
        self.name = name
        scenes = scenes or [f"scene-{i}" for i in range(len(lengths))]
        self.clips = tuple(
            Clip(f"{scene}/{i:03d}", length, scene)
            for i, (length, scene) in enumerate(zip(lengths, scenes, strict=True))
        )
        self.size, self.bad, self.deadly, self.poison = size, set(bad), set(deadly), poison
        self.tall = set(tall)
        self.held_out = held_out
        self.asked: list[tuple[int, tuple[int, ...]]] = []

    def read(self, clip: int, frames: Sequence[int]) -> Tensor:
        name = self.clips[clip].name
        self.asked.append((clip, tuple(frames)))
        assert all(0 <= number < self.clips[clip].length for number in frames)
        if name in self.bad:
            raise DataError(f"{name}: frame {frames[0]} cannot be read")
        if name in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        height, width = self.size
        pictures = torch.empty(len(frames), 3, height + (name in self.tall), width)
        pictures[:, 0] = torch.tensor(frames, dtype=torch.float32).view(-1, 1, 1)
        pictures[:, 1], pictures[:, 2] = clip, 200
        pictures[[number == self.poison for number in frames]] = 255
        return pictures.to(torch.uint8)

    def data_hash(self) -> str:
        return f"{len(self.clips)} clips"


class Zooming(ClipSource):
    """A smooth pattern that zooms and pans, seen by a camera; the motion is exact."""

    name = "zooming:"

    def __init__(self, *, length: int = 9, size: tuple[int, int] = (48, 64)) -> None:
        self.clips = (Clip("only", length, "only"),)
        self.size = size

    def read(self, clip: int, frames: Sequence[int]) -> Tensor:
        return torch.stack([self._picture(number) for number in frames])

    def motion(self, clip: int, target: int, references: tuple[int, int]) -> MotionTruth:
        height, width = self.size
        x, y = self._source(target)
        flows, visible = [], []
        for number in references:
            zoom, pan_x, pan_y = self._camera(number)
            to_x = (x + pan_x) * zoom + width / 2
            to_y = (y + pan_y) * zoom + height / 2
            here_y, here_x = torch.meshgrid(
                torch.arange(height), torch.arange(width), indexing="ij"
            )
            flows.append(torch.stack([to_x - here_x, to_y - here_y]))
            inside = (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
            visible.append(inside[None])
        return MotionTruth(torch.stack(flows).float(), torch.stack(visible))

    def _camera(self, number: int) -> tuple[float, float, float]:
        return 1.0 + 0.06 * number, 1.5 * number, -0.8 * number

    def _source(self, number: int) -> tuple[Tensor, Tensor]:
        """Where in the pattern each pixel of a frame looks, (H, W) each."""
        height, width = self.size
        zoom, pan_x, pan_y = self._camera(number)
        x = (torch.arange(width) - width / 2).double() / zoom - pan_x
        y = (torch.arange(height) - height / 2).double() / zoom - pan_y
        return x.expand(height, width), y[:, None].expand(height, width)

    def _picture(self, number: int) -> Tensor:
        x, y = self._source(number)
        waves = [
            torch.sin(0.21 * x + phase) * torch.cos(0.17 * y - 0.05 * x + phase)
            for phase in (0.0, 2 * math.pi / 3, 4 * math.pi / 3)
        ]
        return ((torch.stack(waves) + 1.0) * 127.5).round().to(torch.uint8)

    def data_hash(self) -> str:
        return "zooming"


@pytest.fixture(scope="session")
def numbers() -> type[Numbers]:
    return Numbers


@pytest.fixture(scope="session")
def zooming() -> type[Zooming]:
    return Zooming
