"""Formats of reports; importing this loads nothing."""

from __future__ import annotations

from enum import Enum


class ReportFormat(str, Enum):
    """HTML needs nothing to be written or read but a browser; PDF is written by fpdf2."""

    HTML = "html"
    PDF = "pdf"
