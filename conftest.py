"""Import the packages before pytest collects their doctests.

In importlib mode pytest would otherwise execute a module of the package a second time under its own
name, and a second registry would come to life beside the first.
"""

import lift15
import vfiblocks

__all__ = ["lift15", "vfiblocks"]
