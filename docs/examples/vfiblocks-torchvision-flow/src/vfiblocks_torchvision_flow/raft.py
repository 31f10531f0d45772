"""torchvision's RAFT as a flow estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from vfiblocks import Upstream
from vfiblocks.errors import MissingDependency
from vfiblocks.flows import FlowEstimator
from vfiblocks.ops import shrink
from vfiblocks.states import Context, Motion

from vfiblocks_torchvision_flow.projection import project

GRID = 8  # RAFT works at an eighth of its pictures
SMALLEST = 128  # its correlation pyramid halves an eighth three times and needs two cells left


class Raft(FlowEstimator):
    """Flow between the references by RAFT, both ways, brought to the target time.

    Weights are random until :func:`vfiblocks_torchvision_flow.load_weights` reads a file of
    torchvision's. Any time is understood; any size is taken, since what is smaller than 128 pixels
    is padded inside. It reads the two references, no features and no other frames.

    Args:
        upstream: what the parts before it offer; nothing of it is read.
        size: "small" (1.0 M parameters) or "large" (5.3 M).
        updates: iterations of the recurrent update, from 1; 12 as torchvision has it.
        stride: 1 looks at the pictures as they are, 2 at half the size, and so on. Memory grows
            with the square of the number of pixels: 2 takes a sixteenth.

    Raises:
        MissingDependency: torchvision is not installed.

    Source: Teed and Deng, RAFT: Recurrent all-pairs field transforms for optical flow (ECCV 2020);
    torchvision.models.optical_flow.

    Example:
        >>> flow = Raft(Upstream("flow 'raft'"), updates=1).eval()
        >>> flow(torch.rand(1, 2, 3, 32, 48), {}, None, 0.5).flow.shape
        torch.Size([1, 2, 2, 32, 48])
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        size: Literal["small", "large"] = "small",
        updates: int = 12,
        stride: int = 1,
    ) -> None:
        super().__init__(upstream)
        if updates < 1 or stride < 1:
            raise upstream.refuse(f"wants updates and stride from 1, got {updates} and {stride}")
        self.stride = stride
        self.multiple = GRID * stride
        self.updates = updates
        self.network: Any = _create(upstream, size)

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`vfiblocks.flows.FlowEstimator`."""
        pictures = shrink(references, self.stride)
        return project(pictures, self.between(pictures), time)

    def between(self, pictures: Tensor) -> Tensor:
        """Flow from each picture of a pair to the other.

        Args:
            pictures: (B, 2, 3, H, W) in [0, 1], H and W multiples of 8.

        Returns:
            (B, 2, 2, H, W): left to right, then right to left, (dx, dy) in pixels.
        """
        height, width = pictures.shape[-2:]
        margins = (0, max(SMALLEST - width, 0), 0, max(SMALLEST - height, 0))
        seen = F.pad(2 * pictures.flatten(0, 1) - 1, margins, mode="replicate")
        features = self.network.feature_encoder(seen).unflatten(0, (-1, 2))
        states = self.network.context_encoder(seen).unflatten(0, (-1, 2))
        # One way after the other: the correlation of all pairs is what memory goes to.
        there = self._search(features[:, 0], features[:, 1], states[:, 0])
        back = self._search(features[:, 1], features[:, 0], states[:, 1])
        return torch.stack((there, back), dim=1)[..., :height, :width]

    def _search(self, mine: Tensor, theirs: Tensor, state: Tensor) -> Tensor:
        """The recurrence of ``RAFT.forward``, in any precision and with one result, the last.

        torchvision's own makes coordinates in float32 alone and enlarges the flow of every update.
        """
        network, start = self.network, _coordinates(mine)
        hidden_channels = network.update_block.hidden_state_size
        hidden, context = state.split((hidden_channels, state.shape[1] - hidden_channels), dim=1)
        hidden, context = hidden.tanh(), context.relu()
        network.corr_block.build_pyramid(mine, theirs)
        place = start
        for _ in range(self.updates):
            place = place.detach()  # as the paper trains it
            costs = network.corr_block.index_pyramid(centroids_coords=place)
            hidden, step = network.update_block(hidden, context, costs, place - start)
            place = place + step
        network.corr_block.corr_pyramid = []  # which would hold gigabytes until the next call
        if network.mask_predictor is None:
            return GRID * F.interpolate(
                place - start, scale_factor=GRID, mode="bilinear", align_corners=True
            )
        return _enlarge(place - start, network.mask_predictor(hidden))


def _create(upstream: Upstream, size: str) -> Any:
    try:
        from torchvision.models import optical_flow
    except ImportError as error:
        raise MissingDependency(
            f"{upstream.reader} needs torchvision; "
            "pip install 'vfiblocks-torchvision-flow[torchvision]'"
        ) from error
    make = optical_flow.raft_small if size == "small" else optical_flow.raft_large
    return make(weights=None, progress=False)  # nothing is ever downloaded


def _coordinates(like: Tensor) -> Tensor:
    """(B, 2, h, w): x and y of every cell."""
    batch, _, height, width = like.shape
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device), torch.arange(width, device=like.device),
        indexing="ij",
    )  # fmt: skip
    return torch.stack((x, y)).to(like).expand(batch, -1, -1, -1)


def _enlarge(flow: Tensor, mask: Tensor) -> Tensor:
    """Eight times the size: each pixel a mean of 3x3 cells, whose weights the network chose."""
    height, width = flow.shape[-2:]
    weights = mask.unflatten(1, (9, GRID, GRID)).softmax(dim=1)
    cells = F.unfold(GRID * flow, 3, padding=1).view(len(flow), 2, 9, height, width)
    fine = torch.einsum("bkuvhw,bckhw->bchuwv", weights, cells)
    return fine.reshape(len(flow), 2, GRID * height, GRID * width)
