"""What to show: one page that opens anywhere, tables for spreadsheets, layers for maps."""

from ainalym.report.folder import write_report
from ainalym.report.keep import read_outcome, summary

__all__ = ["read_outcome", "summary", "write_report"]
