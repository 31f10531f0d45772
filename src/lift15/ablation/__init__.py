"""Ablations: variants of a model, trained with several seeds, evaluated alike, and compared."""
