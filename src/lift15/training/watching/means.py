"""Averages over the steps between two records, kept on the device until they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Means:
    """Running averages by name. Adding never waits for a GPU, taking waits once.

    Example:
        >>> means = Means()
        >>> means.add(("loss", "error"), torch.tensor([1.0, 3.0]))
        >>> means.add(("loss",), torch.tensor([2.0]))
        >>> means.take(), means.take()
        ({'loss': 1.5, 'error': 3.0}, {})
    """

    def __init__(self) -> None:
        self._sums: dict[tuple[str, ...], Tensor] = {}

    def add(self, names: Sequence[str], values: Tensor, weights: Tensor | float = 1.0) -> None:
        """Count numbers in.

        Args:
            names: one for each number; the same numbers come under the same names in one order.
            values: (N,).
            weights: how much each counts, (N,) or one for all; a value of weight 0 does not.
        """
        values = values.detach().float()
        counts = torch.as_tensor(weights, dtype=torch.float32, device=values.device)
        counts = counts.expand_as(values)
        pairs = torch.stack((torch.where(counts > 0, values * counts, 0.0), counts))
        known = self._sums.get(tuple(names))
        self._sums[tuple(names)] = pairs if known is None else known.to(pairs.device) + pairs

    def take(self) -> dict[str, float]:
        """The averages so far, in the order the names came; then begin anew.

        A name whose values all had weight 0 is left out.
        """
        sums, self._sums = self._sums, {}
        if not sums:
            return {}
        device = next(iter(sums.values())).device
        together = torch.cat([pairs.to(device) for pairs in sums.values()], dim=1).tolist()
        totals: dict[str, tuple[float, float]] = {}
        names = [name for group in sums for name in group]
        for name, value, count in zip(names, *together, strict=True):
            before = totals.get(name, (0.0, 0.0))
            totals[name] = (before[0] + value, before[1] + count)
        return {name: value / count for name, (value, count) in totals.items() if count > 0}

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint has to keep, so that averages go on over an interruption."""
        return {"names": list(self._sums), "sums": [pairs.cpu() for pairs in self._sums.values()]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` gave."""
        names = [tuple(group) for group in state["names"]]
        self._sums = dict(zip(names, state["sums"], strict=True))
