"""Reports of ablations: a page to read, and tables to quote."""

from lift15.ablation.report.write import write_report

__all__ = ["write_report"]
