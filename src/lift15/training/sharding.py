"""Whole weights of a model that is whole in every process, or shared out among them."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Weights:
    """Reads and sets the weights of a module that every process has whole."""

    @staticmethod
    def of(trainer: pl.Trainer) -> Weights:
        """What fits the trainer's strategy."""
        from lightning.pytorch.strategies import FSDPStrategy

        if isinstance(trainer.strategy, FSDPStrategy):
            return SharedWeights(trainer.strategy.model)
        return Weights()

    def model(self, module: nn.Module) -> dict[str, Tensor]:
        """All tensors by name; in the first process at the least."""
        return dict(module.state_dict())

    def optimizer(self, module: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
        """Likewise the optimizer's state."""
        return optimizer.state_dict()

    def load_model(self, module: nn.Module, state: dict[str, Tensor]) -> None:
        """Set the tensors; those that the state does not have stay."""
        module.load_state_dict(state, strict=False)

    def load_optimizer(
        self, module: nn.Module, optimizer: Optimizer, state: dict[str, Any]
    ) -> None:
        """Set the optimizer's state."""
        optimizer.load_state_dict(state)

    def forget(self) -> None:
        """Drop copies of weights that are about to be changed from outside; here there are none."""


class SharedWeights(Weights):
    """The same where FSDP has shared the weights out; every process has to call.

    Args:
        shared: the module as FSDP wraps it.
    """

    def __init__(self, shared: Any) -> None:
        self.shared = shared

    def model(self, module: nn.Module) -> dict[str, Tensor]:
        """See :class:`Weights`; whole in the first process, empty in the others."""
        with self._whole():
            return {name: each.clone() for name, each in self.shared.state_dict().items()}

    def optimizer(self, module: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
        """See :class:`Weights`; by the names of parameters."""
        from torch.distributed.fsdp import FullyShardedDataParallel

        with self._whole():
            return dict(FullyShardedDataParallel.optim_state_dict(self.shared, optimizer))

    def load_model(self, module: nn.Module, state: dict[str, Tensor]) -> None:
        """See :class:`Weights`; every process gives the whole state."""
        with self._whole(everywhere=True):
            self.shared.load_state_dict(state, strict=False)

    def load_optimizer(
        self, module: nn.Module, optimizer: Optimizer, state: dict[str, Any]
    ) -> None:
        """See :class:`Weights`; every process gives the whole state."""
        from torch.distributed.fsdp import FullyShardedDataParallel

        with self._whole(everywhere=True):
            mine = FullyShardedDataParallel.optim_state_dict_to_load(self.shared, optimizer, state)
        optimizer.load_state_dict(mine)

    def forget(self) -> None:
        """See :class:`Weights`.

        After a forward pass FSDP keeps the outermost weights whole, for a backward pass, and would
        take them for those of the next forward pass. It has no public way to say that none comes.
        """
        from torch.distributed.fsdp import FullyShardedDataParallel

        for each in FullyShardedDataParallel.fsdp_modules(self.shared):
            if (handle := each._handle) is not None:
                handle.reshard(free_unsharded_flat_param=True)

    def _whole(self, *, everywhere: bool = False) -> Any:
        from torch.distributed.fsdp import (
            FullOptimStateDictConfig,
            FullStateDictConfig,
            FullyShardedDataParallel,
            StateDictType,
        )

        first = not everywhere
        # on a CPU "to the CPU" is no copy, and what is gathered next lands in the same memory
        offload = torch.cuda.is_available()
        return FullyShardedDataParallel.state_dict_type(
            self.shared,
            StateDictType.FULL_STATE_DICT,
            FullStateDictConfig(offload_to_cpu=offload, rank0_only=first),
            FullOptimStateDictConfig(offload_to_cpu=offload, rank0_only=first),
        )
