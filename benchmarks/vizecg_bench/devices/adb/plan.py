"""What is measured of a bundle on a phone."""

from __future__ import annotations

from rich.console import Console

from vizecg.spec import BundleError, UsageError, VizecgError
from vizecg.spec.manifest import Bundle
from vizecg_bench.devices.adb.device import Phone
from vizecg_bench.devices.adb.programs import Program
from vizecg_bench.run.contenders import Role
from vizecg_bench.run.references import find_checkpoint, make_references
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import LeftOut

TARGET = "executorch"


def plan(bundle: Bundle, request: RunRequest, phone: Phone, console: Console) -> tuple[list[Program], list[LeftOut]]:
    """The programs for ExecuTorch, on each number of threads: the bundle's, and the same checkpoint's in other
    precisions where they are asked for and can be made.

    Returns:
        Programs, and what is left out.

    Raises:
        UsageError: a name that is not among them, or a checkpoint of another bundle.
        BundleError: there is no program.
    """
    left_out: list[LeftOut] = []
    sources = [(bundle, Role.ARTEFACT)]
    if request.references:
        others, without = _references(bundle, request, console)
        sources += [(other, Role.REFERENCE) for other in others]
        left_out += without
    found = []
    for source, role in sources:
        for artefact in source.manifest.artefacts:
            if artefact.target != TARGET or artefact.machine not in ("any", phone.environment.machine):
                left_out.append(LeftOut(name=artefact.name, why="on a phone, programs for ExecuTorch are measured"))
                continue
            found += [
                Program(
                    name=artefact.name, role=role, artefact=artefact.name, precision=artefact.precision,
                    file=source.file(artefact.file), threads=count,
                    rule=artefact.decision if role is Role.ARTEFACT else None,
                )
                for count in request.threads or phone.thread_counts
            ]  # fmt: skip
    if not found:
        raise BundleError(
            f"bundle {bundle.manifest.name} has no program for ExecuTorch: make it with"
            " `vizecg-export --target executorch`"
        )
    names = {program.name for program in found}
    for name in (*request.names, *([request.sustained] if request.sustained is not None else [])):
        if name not in names:
            raise UsageError(f"no contender {name!r} on a phone: {', '.join(sorted(names))}")
    return [program for program in found if not request.names or program.name in request.names], left_out


def _references(bundle: Bundle, request: RunRequest, console: Console) -> tuple[list[Bundle], list[LeftOut]]:
    # Of what can be made for comparison, a phone takes ExecuTorch's.
    have = {(artefact.target, artefact.precision) for artefact in bundle.manifest.artefacts}
    have |= {("onnx", precision) for precision in ("fp32", "fp16", "int8")}
    try:
        made = make_references(bundle, find_checkpoint(bundle, request.checkpoint), have=have, console=console)
    except VizecgError as error:
        if request.checkpoint is not None:
            raise
        return [], [LeftOut(name="references", why=str(error))]
    return list(made.bundles), list(made.left_out)
