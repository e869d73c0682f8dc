"""A fitted quality gate, with its undecided bands, into a bundle."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError
from vizecg.spec.checkout import git_state
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import Artefact, Bundle, Manifest, open_bundle
from vizecg.spec.results import Result, read_result
from vizecg_export.completion import publish_completed
from vizecg_export.contract.metadata import network_sha256
from vizecg_export.scratch import bundle_copy

KIND = "gate"
KEPT = ("source", "kind", "seed", "records", "records_sha256", "photographs", "real_photographs")
"""Of what the fitting file says about its data, what the manifest keeps."""


def put_gate(path: Path, fitting: Path) -> Bundle:
    """Write the gate and the bands of a result file of ``vizecg-export fit-gate`` into the bundle at ``path``.

    The bundle is replaced whole or not at all; beside the manifest, its contract for other languages follows, and
    what ONNX files tell of it in their metadata.

    Raises:
        UsageError: the file is no such result, or was fitted for other model files than the bundle's.
        BundleError: the bundle is damaged, changed or of another schema.
    """
    bundle = open_bundle(path)
    fitted = _read(fitting)
    try:
        manifest = _fitted(bundle, fitted.figures, sha256=fitted.sha256)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{fitting}: {str(error).splitlines()[0] or type(error).__name__}") from error
    with bundle_copy(bundle) as folder:
        return publish_completed(folder, manifest, path)


def _read(path: Path) -> Result:
    result = read_result(path)
    if result.kind != KIND:
        raise UsageError(f"{path} is no result of `vizecg-export fit-gate`")
    return result


def _fitted(bundle: Bundle, fitted: dict[str, Any], *, sha256: str) -> Manifest:
    manifest = bundle.manifest
    source = {key: fitted["data"][key] for key in KEPT} | {
        "file_sha256": sha256,
        "command": fitted["command"],
        "rule": fitted["rule"],
        "targets": fitted["targets"],
        "measured_with_bundle": fitted["bundle"]["sha256"],
        "written_by": asdict(git_state()),
    }
    # What was put in before was fitted for these networks, though their files have told another rule since.
    known = manifest.gate_source.get("file_sha256") == sha256
    artefacts = tuple(_with_band(artefact, bundle, fitted["artefacts"], known=known) for artefact in manifest.artefacts)
    if artefacts == manifest.artefacts and not any(artefact.name in fitted["artefacts"] for artefact in artefacts):
        raise ValueError(f"it names none of the bundle's artefacts: {', '.join(fitted['artefacts'])}")
    return replace(manifest, gate=QualityGate.from_dict(fitted["gate"]), gate_source=source, artefacts=artefacts)


def _with_band(artefact: Artefact, bundle: Bundle, fitted: dict[str, Any], *, known: bool) -> Artefact:
    """An artefact that was not measured keeps the band that it has."""
    if artefact.name not in fitted:
        return artefact
    own = fitted[artefact.name]
    # Or for the same network, before its file told of its decision rule.
    same = own["file_sha256"] == bundle.manifest.files[artefact.file] or known
    if not same and own["file_sha256"] != network_sha256(bundle.file(artefact.file)):
        raise ValueError(f"it was fitted for another {artefact.file} than the bundle's {artefact.name}")
    band = tuple(float(value) for value in own["undecided_margin"])
    return replace(artefact, decision=replace(artefact.decision, undecided_margin=band))
