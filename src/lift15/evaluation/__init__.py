"""Measuring models: protocols, predictions, results, and whether a difference is one."""
