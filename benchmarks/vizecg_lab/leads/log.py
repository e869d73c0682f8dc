"""What is done is kept line by line, so that a long measurement goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError


class DoneLog:
    """JSON objects by key, one a line of a file; in memory alone without one.

    Args:
        path: the file; made where it is missing.
        about: what all lines must have in common, such as the bundle and the seed.

    Raises:
        UsageError: the file is of another measurement, or damaged.
    """

    def __init__(self, path: Path | None, *, about: dict[str, Any]) -> None:
        self.path = path
        self.done: dict[str, dict[str, Any]] = {}
        if path is None:
            return
        if not path.is_file():
            path.write_text(json.dumps({"about": about}) + "\n")
            return
        lines = path.read_text().splitlines()
        # A process that was stopped may have left half a line.
        whole = [line for line in lines if line.endswith("}")]
        try:
            first, *rest = [json.loads(line) for line in whole]
        except ValueError as error:
            raise UsageError(f"{path} is no log of this command: {error}") from error
        if first.get("about") != json.loads(json.dumps(about)):
            raise UsageError(f"{path} is of another measurement: {first.get('about')}, not {about}")
        self.done = {line["key"]: line for line in rest}

    def add(self, key: str, **content: Any) -> None:
        """Keep what was found."""
        self.done[key] = {"key": key, **content}
        if self.path is not None:
            with self.path.open("a") as handle:
                handle.write("\n" * self._torn() + json.dumps(self.done[key]) + "\n")

    def _torn(self) -> bool:
        """Whether the file ends within a line."""
        assert self.path is not None
        with self.path.open("rb") as handle:
            handle.seek(-1, 2)
            return handle.read(1) != b"\n"
