"""Result files; their form is that of every tool of the project."""

from vizecg.spec.results import write_result

__all__ = ["write_result"]
