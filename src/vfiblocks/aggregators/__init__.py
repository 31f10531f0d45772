"""Stage 2: context distilled from all frames."""

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.aggregators.mean import Mean
from vfiblocks.aggregators.neighbours import Neighbours
from vfiblocks.aggregators.target_query import TargetQuery
from vfiblocks.aggregators.transformer import Transformer

__all__ = ["Aggregator", "Mean", "Neighbours", "TargetQuery", "Transformer"]
