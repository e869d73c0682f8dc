"""``vizecg-export gate``: put a fitted quality gate and undecided bands into a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vizecg.spec.options import BundleArgument, JsonFlag
from vizecg_export.console import table_console
from vizecg_export.quality_gate.put import put_gate


def gate(
    bundle: BundleArgument,
    fitting: Annotated[Path, typer.Option("--from", help="JSON of `vizecg-export fit-gate`.")],
    as_json: JsonFlag = False,
) -> None:
    """Put a fitted quality gate and undecided bands into a bundle; its fingerprint changes."""
    written = put_gate(bundle, fitting)
    manifest = written.manifest
    margins = {artefact.name: list(artefact.decision.undecided_margin) for artefact in manifest.artefacts}
    if as_json:
        told = {
            "bundle_sha256": written.sha256, "gate": manifest.gate.to_dict(), "undecided_margin": margins,
            "source": manifest.gate_source,
        }  # fmt: skip
        print(json.dumps(told))
        return
    table = Table(title=f"{bundle}: bundle {written.sha256[:16]}")
    for column in ("figure of merit", "worst that passes", "no better is needed"):
        table.add_column(column)
    for figure, limits in manifest.gate.to_dict().items():
        table.add_row(figure, *(f"{value:g}" for value in ([limits] if figure == "least_score" else limits)))
    console = table_console()
    console.print(table)
    for name, margin in margins.items():
        told_margin = ", ".join(
            f"{label} {value:g}" for label, value in zip(manifest.labels.names, margin, strict=True)
        )
        console.print(f"{name}: undecided within {told_margin}", soft_wrap=True)
