"""What the run leaves: at most eight files, none larger than what may be brought back."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import vizecg
from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg.train.runs.folder import METRICS, RECORD, log_folders
from vizecg_lab.gpu.options import GpuRunOptions
from vizecg_lab.gpu.state import STATE, RunState

LOGS = "logs.tar.gz"
_CODE = ("vizecg", "export", "edge_runtime", "benchmarks", "tests")
_LEFT_OUT = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def travelling_bytes(options: GpuRunOptions) -> dict[str, int]:
    """``records`` and ``code``: what lies on this machine of what has to be brought to one.

    Raises:
        UsageError: together they are over the budget.
    """
    repository = Path(vizecg.__file__).resolve().parents[1]
    found = {
        "records": 0 if options.root is None else _size([options.root]),
        "code": _size(repository / name for name in _CODE if (repository / name / "").is_dir()),
    }
    together = sum(found.values())
    if together > options.budget_mib * 2**20:
        told = ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in found.items())
        raise UsageError(f"{told}: more than --budget-mib {options.budget_mib:g}")
    return found


def _size(places: Iterable[Path]) -> int:
    files = [
        path for place in places for path in ([place] if place.is_file() else place.rglob("*"))
        if path.is_file() and not _LEFT_OUT & set(path.parts)
    ]  # fmt: skip
    return sum(path.stat().st_size for path in files)


def pack_logs(state: RunState, logs: Path) -> str | None:
    """Logs of the steps, Lightning's figures, configuration and schedule in one archive; why something is missing."""
    options = state.options
    run = options.work / "run"
    wanted = [
        *sorted(logs.glob("*.log")),
        *(folder / METRICS for folder in log_folders(run)),
        # Of the run's own record the figures are in the logs; it names this machine.
        *(path for path in sorted(run.glob("*.json")) if path.name != RECORD),
        options.work / STATE,
    ]
    most = int(options.max_file_mib * 2**20)
    left_out: list[str] = []
    there = [path for path in wanted if path.is_file()]
    while True:
        content = _archive(there, options.work)
        if len(content) <= most or not there:
            break
        largest = max(there, key=lambda path: path.stat().st_size)
        there.remove(largest)
        left_out.append(str(largest.relative_to(options.work)))
    write_atomically(options.out / LOGS, content)
    return f"too large for {LOGS}: {', '.join(left_out)}" if left_out else None


def _archive(paths: Iterable[Path], base: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in paths:
            archive.add(path, arcname=str(path.relative_to(base)))
    return buffer.getvalue()


def written(folder: Path) -> dict[str, int]:
    """Name -> bytes of what lies in the folder."""
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}


def check_sizes(folder: Path, *, max_file_mib: float) -> list[str]:
    """A line for each file over the limit."""
    return [
        f"{name} has {size / 2**20:.1f} MiB, over {max_file_mib:g}"
        for name, size in written(folder).items()
        if size > max_file_mib * 2**20
    ]


def write_json(path: Path, content: object) -> None:
    write_atomically(path, json.dumps(content, indent=1) + "\n")
