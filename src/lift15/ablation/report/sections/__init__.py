"""The chapters of a report, each from the results alone."""
