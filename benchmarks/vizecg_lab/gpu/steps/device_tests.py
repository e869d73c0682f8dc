"""The tests that need a device."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import vizecg
from vizecg.spec import UsageError
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.worker import COMPLAINT

FOLDER = "tests/device"
LEFT_OUT = "not fused"
"""Compiling the steps of drawing takes minutes; what they draw then is compared in the step ``fusing``."""


def run_tests(request: Request) -> dict[str, Any]:
    """``pytest -m device tests/device``: counts, and the names of what failed.

    Raises:
        UsageError: the tests are not there, or pytest gave no result.
    """
    repository = Path(vizecg.__file__).resolve().parents[1]
    if not (repository / FOLDER).is_dir():
        raise UsageError(f"{repository} has no {FOLDER}")
    report = request.options.work / "tests.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-m", "device", "-k", LEFT_OUT, FOLDER, "-v"]
    options = ["-p", "no:cacheprovider", f"--junitxml={report}"]
    done = subprocess.run([*command, *options], cwd=repository, check=False)
    if not report.is_file():
        raise UsageError(f"pytest ended with exit code {done.returncode} and without a result")
    return counted(report, exit_code=done.returncode)


def counted(report: Path, *, exit_code: int) -> dict[str, Any]:
    """What a JUnit file says: ``passed``, ``skipped``, ``failed``, and ``failures``, name -> first line."""
    passed, skipped = 0, {}
    failures = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        wrong = [case.find(kind) for kind in ("failure", "error")]
        message = next((found.get("message") or "" for found in wrong if found is not None), None)
        left_out = case.find("skipped")
        if message is not None:
            failures[name] = message.strip().splitlines()[0][:200] if message.strip() else "failed"
        elif left_out is not None:
            skipped[name] = left_out.get("message") or ""
        else:
            passed += 1
    counts: dict[str, Any] = {"passed": passed, "skipped": len(skipped), "failed": len(failures)}
    found = {**counts, "exit_code": exit_code, "failures": failures, "why_skipped": sorted(set(skipped.values()))}
    if failures:
        found[COMPLAINT] = (
            f"{len(failures)} of {passed + len(failures)} tests failed, the first: {next(iter(failures))}"
        )
    elif exit_code:
        found[COMPLAINT] = f"pytest ended with exit code {exit_code}"
    return found
