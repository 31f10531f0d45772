"""A flow estimator for vfiblocks: RAFT as torchvision has it, brought to the target time."""

from vfiblocks_torchvision_flow.models import RAFT_LARGE, RAFT_SMALL
from vfiblocks_torchvision_flow.raft import Raft
from vfiblocks_torchvision_flow.weights import load_weights

__all__ = ["RAFT_LARGE", "RAFT_SMALL", "Raft", "load_weights"]
