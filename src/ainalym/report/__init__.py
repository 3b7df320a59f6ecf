"""What to show: one page that opens anywhere, tables for spreadsheets, layers for maps."""

from ainalym.report.folder import write_report
from ainalym.report.keep import read_outcome
from ainalym.report.summary import Made, summary

__all__ = ["Made", "read_outcome", "summary", "write_report"]
