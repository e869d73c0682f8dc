"""One exception class per exit code; every command line tool of the project maps them the same way."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process of this project exits with."""

    OK = 0
    USAGE = 2
    MISSING_TOOL = 3
    PARITY = 4
    ACCURACY = 5
    ENVIRONMENT = 6
    REFUSED = 7


class VizecgError(Exception):
    """Base of the errors a user can cause or mend. The message is one line."""

    exit_code = ExitCode.USAGE

    def to_dict(self) -> dict[str, object]:
        """The object that `--json` prints in place of a result."""
        return {"error": type(self).__name__, "message": str(self), "exit_code": int(self.exit_code)}


class UsageError(VizecgError):
    """An option or argument is wrong: a value out of range, a file that does not exist."""


class MissingToolError(VizecgError):
    """A tool or optional dependency is absent. The message names the exact install command."""

    exit_code = ExitCode.MISSING_TOOL


class ParityError(VizecgError):
    """An exported artefact does not compute what the float model computes."""

    exit_code = ExitCode.PARITY


class AccuracyError(VizecgError):
    """An exported artefact misses the accuracy gate."""

    exit_code = ExitCode.ACCURACY


class BundleError(VizecgError):
    """A bundle is damaged, of another schema, or does not fit this environment."""

    exit_code = ExitCode.ENVIRONMENT


class CheckpointError(VizecgError):
    """A checkpoint is damaged or of another configuration."""

    exit_code = ExitCode.ENVIRONMENT


class StoreError(VizecgError):
    """A store of records is damaged or of another schema."""

    exit_code = ExitCode.ENVIRONMENT


class OutOfMemoryError(VizecgError):
    """There is not enough memory for what was asked."""

    exit_code = ExitCode.ENVIRONMENT


class OutputError(VizecgError):
    """What was to be printed reaches nobody: stdout is closed."""

    exit_code = ExitCode.ENVIRONMENT


class InputRefusedError(VizecgError):
    """An input cannot or should not be answered: unreadable, not an ECG, below quality.

    Args:
        message: one line for people.
        reason: a short code for programs, for example ``unreadable``.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, reason: str = "invalid_input") -> None:
        super().__init__(message)
        self.reason = reason

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "reason": self.reason}
