"""Contract checks for parts, to run in the tests of a package that announces some.

One call per part; the first broken promise is an ``AssertionError`` that says which::

    from vfiblocks import Part
    from vfiblocks.testing import check_refiner

    def test_contract():
        check_refiner("laplacian-detail")
        check_refiner(Part("laplacian-detail", levels=3))

What every part of a stage promises:

- It has a docstring, ``upstream`` first, and keyword-only options with plain defaults.
- Outputs have the sizes that its taps, ``signal`` or ``stride`` promise, in the precision of the
  inputs, on a CPU as on the meta device; inputs are left as they are.
- A loss on the outputs reaches every parameter.
- In eval the same input gives the same output, a batch is its samples, and the ``state_dict`` holds
  all there is to know.
- A whole assembly with it takes frames of odd sizes, any number of them, missing ones included.

What a stage adds stands with its check; what losses and metrics promise, with theirs.
"""

from vfiblocks.testing.aggregator import check_aggregator
from vfiblocks.testing.any_stage import check_part
from vfiblocks.testing.blender import check_blender
from vfiblocks.testing.encoder import check_encoder
from vfiblocks.testing.flow import check_flow
from vfiblocks.testing.loss import check_loss
from vfiblocks.testing.metric import check_metric
from vfiblocks.testing.refiner import check_refiner

__all__ = [
    "check_aggregator",
    "check_blender",
    "check_encoder",
    "check_flow",
    "check_loss",
    "check_metric",
    "check_part",
    "check_refiner",
]
