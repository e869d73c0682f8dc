"""Results from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from vizecg.spec import UsageError
from vizecg.spec.errors import ExitCode, VizecgError
from vizecg_bench.run.schema import RESULT_SCHEMA, Result

KIND = "run"


class NotComparableError(VizecgError):
    """Two results do not measure the same, or one of them is not valid or of another schema."""

    exit_code = ExitCode.ENVIRONMENT


def read_result(path: Path) -> Result:
    """A stored result of ``vizecg-bench run``.

    Raises:
        UsageError: no such file, or no result.
        NotComparableError: a result of another schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a result: {error}") from error
    try:
        content = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        kind = content.get("kind") if isinstance(content, dict) else None
        raise UsageError(f"{path} is no result of `vizecg-bench run`" + (f" but of kind {kind!r}" if kind else ""))
    schema = content.get("schema_version")
    if schema != RESULT_SCHEMA:
        raise NotComparableError(f"{path} is of schema {schema!r}; this program reads schema {RESULT_SCHEMA}")
    result = Result.from_json(text, name=str(path))
    keys = [found.key for found in result.contenders]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise UsageError(f"{path} has {twice[0]} more than once")
    return result


def _refused(constant: str) -> NoReturn:
    """A comparison with NaN is neither above nor below a limit."""
    raise ValueError(f"{constant} is no figure")
