"""What a release was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vizecg.spec import UsageError
from vizecg.spec.results import Result
from vizecg_export.quality_gate.choose import FitRequest
from vizecg_export.quality_gate.rows import photographs_in
from vizecg_export.request import ExportRequest, check_request


@dataclass(frozen=True, kw_only=True)
class ReleaseRequest:
    """One call of ``vizecg-export release``.

    Attributes:
        export: the artefacts; its ``out`` is the finished bundle's place.
        gate: what quality gate and bands are fitted on; None leaves those that the export gives.
        photograph: whether the bundle gets a golden photograph.
        results: measurements that the model card quotes.
        work: folder where finished stages are kept.
        gate_cache: folder where finished records of the gate are kept.
    """

    export: ExportRequest
    gate: FitRequest | None
    photograph: bool
    results: tuple[Result, ...]
    work: Path
    gate_cache: Path

    @property
    def out(self) -> Path:
        return self.export.out


def check_release(request: ReleaseRequest) -> None:
    """Refuse what cannot end well, before hours of work and not after.

    Raises:
        UsageError: the result has no place, or stands in another's; a folder has no photographs; as ``check_request``.
        MissingToolError: as ``check_request``.
    """
    check_request(request.export)
    if request.work.resolve() == request.out.resolve() or request.out.resolve() in request.work.resolve().parents:
        raise UsageError(f"--work {request.work} must not lie in the bundle")
    if request.gate is not None:
        photographs_in(list(request.gate.photos))
