"""Self-attention over time."""

from __future__ import annotations

from typing import cast

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


class TemporalAttention(nn.Module):
    """Multi-head self-attention along the frames, each place on its own (LIFT-15 section 3.5).

    Args:
        dim: token size D.
        heads: must divide ``dim``.
        dropout: of the attention weights, in training.

    Example:
        >>> import torch
        >>> attention = TemporalAttention(16, heads=4)
        >>> attention(torch.rand(6, 14, 16)).shape
        torch.Size([6, 14, 16])
    """

    def __init__(self, dim: int, *, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            tokens: (N, T, D).
            allowed: bool, broadcastable to (N, heads, T, T); True where row may look at column. A
                row must be allowed something.
        """
        query, key, value = rearrange(
            self.qkv(tokens), "n t (three heads d) -> three n heads t d", three=3, heads=self.heads
        )
        mixed = F.scaled_dot_product_attention(
            query, key, value, attn_mask=allowed, dropout_p=self.dropout if self.training else 0.0
        )
        return cast(Tensor, self.out(rearrange(mixed, "n heads t d -> n t (heads d)")))
