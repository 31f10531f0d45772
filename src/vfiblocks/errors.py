"""Every error a user of vfiblocks can meet, one class per kind of mistake.

All derive from :class:`VfiError`, so a command line can turn any of them into one clear line while
a genuine bug keeps its traceback. A message says who complains, what was wanted, what came and what
to do about it.
"""

from __future__ import annotations


class VfiError(Exception):
    """Base of every error raised on purpose; its text is meant to be read by a person.

    >>> issubclass(AssemblyError, VfiError)
    True
    """


class AssemblyError(VfiError):
    """Parts that cannot work together, or options a part does not have."""


class CheckpointError(VfiError):
    """A weight file that is truncated, foreign, unsafe, or does not fit the model."""


class DataError(VfiError):
    """Training or test data that is missing, incomplete or cannot be read."""


class InputError(VfiError, ValueError):
    """A tensor, window or size that does not fit what the callee works on."""


class MissingDependency(VfiError, ImportError):
    """An optional package is needed for this and is not installed."""


class PluginError(VfiError):
    """A third-party package announced a part that cannot be loaded."""


class SpecError(VfiError, ValueError):
    """A model spec that cannot be read."""


class TrainingError(VfiError):
    """A training run that cannot start, go on or be resumed."""


class UnknownComponent(VfiError, LookupError):
    """A name that no registry knows; the message lists the nearest ones."""


class VideoError(VfiError):
    """A video or image folder that cannot be read or written."""
