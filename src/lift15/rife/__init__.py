"""Every RIFE there is: its versions as specs, its official weights under our names."""

from lift15.rife.encoder_init import EncoderInit, init_encoder_from_rife
from lift15.rife.importing import Imported, import_weights
from lift15.rife.versions import RIFE_V4, VERSIONS

__all__ = [
    "RIFE_V4",
    "VERSIONS",
    "EncoderInit",
    "Imported",
    "import_weights",
    "init_encoder_from_rife",
]
