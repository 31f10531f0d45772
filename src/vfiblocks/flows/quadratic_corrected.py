"""The same with four frames: bent paths as a start."""

from __future__ import annotations

from vfiblocks.flows.classical_corrected import ClassicalCorrected
from vfiblocks.flows.quadratic import Quadratic
from vfiblocks.registry import FLOWS


@FLOWS.register("quadratic-corrected")
class QuadraticCorrected(ClassicalCorrected):
    """What `quadratic` finds from four frames, corrected; see `classical-corrected`.

    Context must come from the aggregator `neighbours` over the encoder `pixels`.

    Example:
        >>> from vfiblocks import Upstream
        >>> upstream = Upstream("flow", encoder="pixels", taps={2: 3, 4: 3},
        ...                     context_signal=QuadraticCorrected.takes)
        >>> QuadraticCorrected(upstream, channels=(12, 8)).stride
        1
    """

    prior = Quadratic
    takes = Quadratic.takes
    taken_from = Quadratic.taken_from
