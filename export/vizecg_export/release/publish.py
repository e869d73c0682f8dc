"""The last step of a release: card, hashes, and the bundle moved to its place."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vizecg.spec.checkout import git_state
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.manifest import MANIFEST, Bundle, Manifest, open_bundle
from vizecg.spec.provenance import command_line
from vizecg_export.card import CARD
from vizecg_export.completion import publish_completed
from vizecg_export.release.card import added_sections
from vizecg_export.release.request import ReleaseRequest
from vizecg_export.release.stages import BUNDLE, GATE, SELFTEST
from vizecg_export.release.work import StageState
from vizecg_export.scratch import scratch_folder

PUBLISHED = "published.json"
"""In the work folder: fingerprint of each bundle that came from it -> hash of what answers in it."""


def publish(request: ReleaseRequest, states: list[StageState]) -> Bundle:
    """Complete the bundle of the last stage and move it to ``request.out``: there whole or not at all."""
    folders = {state.name: state.folder for state in states if state.folder is not None}
    made = folders["selftest"] / BUNDLE
    gate = _json(folders["gate"] / GATE) if "gate" in folders else None
    manifest = open_bundle(made).manifest
    published = _published(request.work)
    answering = _answering(manifest)
    request.out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(request.out) as scratch:
        folder = Path(shutil.copytree(made, scratch / BUNDLE))
        (folder / MANIFEST).unlink()
        card = (folder / CARD).read_text()
        added = added_sections(
            manifest,
            gate=gate,
            selftest=_json(folders["selftest"] / SELFTEST),
            results=request.results,
            own=[sha256 for sha256, known in published.items() if known == answering],
            command=command_line(),
            code=git_state(),
        )
        (folder / CARD).write_text(f"{card.rstrip()}\n\n{added}")
        # Readable by whoever may read its neighbours.
        os.chmod(folder, 0o755)
        bundle = publish_completed(folder, manifest, request.out)
    write_atomically(request.work / PUBLISHED, json.dumps({**published, bundle.sha256: answering}, indent=1) + "\n")
    return bundle


def _answering(manifest: Manifest) -> str:
    """Hash of what decides a bundle's answers: model files, decision rules, gate, sheet and preprocessing."""
    told = {
        "artefacts": [[one.name, manifest.files[one.file], one.decision.to_dict()] for one in manifest.artefacts],
        "gate": manifest.gate.to_dict(),
        "sheet": manifest.sheet.to_dict(),
        "preprocess": asdict(manifest.preprocess),
    }
    return sha256_bytes(json.dumps(told, sort_keys=True).encode())


def _published(work: Path) -> dict[str, str]:
    try:
        shas: dict[str, str] = json.loads((work / PUBLISHED).read_text())
    # Without it the card says less of other measurements, and nothing wrong.
    except (OSError, ValueError):
        return {}
    return shas


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content
