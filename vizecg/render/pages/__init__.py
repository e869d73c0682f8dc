"""Whole pages as recorders all over the world print them: a table of forms, and a seeded draw of a page."""

from vizecg.render.pages.forms import FORMS, Form
from vizecg.render.pages.page import RandomPage, random_page
from vizecg.render.pages.papers import PAPERS

__all__ = ["FORMS", "Form", "PAPERS", "RandomPage", "random_page"]
