"""Measuring models: protocols, predictions, results."""
