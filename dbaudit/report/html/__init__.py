"""The report as one HTML page that needs nothing else: no server, no network and, for reading it, no script."""

from dbaudit.report.html.page import render

__all__ = ["render"]
