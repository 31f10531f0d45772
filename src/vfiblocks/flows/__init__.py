"""Stage 3: motion from the target to the references."""

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.classical import Classical
from vfiblocks.flows.classical_corrected import ClassicalCorrected
from vfiblocks.flows.context_cascade import ContextCascade
from vfiblocks.flows.correlation_cascade import CorrelationCascade
from vfiblocks.flows.ifnet import IFNet
from vfiblocks.flows.ifnet_v4 import IFNetV4
from vfiblocks.flows.quadratic import Quadratic
from vfiblocks.flows.quadratic_corrected import QuadraticCorrected

__all__ = [
    "Classical",
    "ClassicalCorrected",
    "ContextCascade",
    "CorrelationCascade",
    "FlowEstimator",
    "IFNet",
    "IFNetV4",
    "Quadratic",
    "QuadraticCorrected",
]
