"""``vizecg-export verify``: is a bundle whole, and does it still compute what it was accepted for?"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from vizecg.spec.manifest import open_bundle
from vizecg.spec.options import BundleArgument, JsonFlag
from vizecg_export.console import table_console


def verify(
    bundle: BundleArgument,
    run: Annotated[bool, typer.Option(help="Run the golden sheets, not only check the hashes.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Check every hash and the golden answers of a bundle. Exit code 6 where something is wrong."""
    from vizecg_export.verifying import verify_bundle

    artefacts = verify_bundle(bundle, run=run)
    opened = open_bundle(bundle)
    if as_json:
        told: dict[str, Any] = {"bundle_sha256": opened.sha256, "artefacts": [vars(one) for one in artefacts]}
        print(json.dumps(told))
        return
    table = Table(title=f"{bundle}: {len(opened.manifest.files)} files as exported, bundle {opened.sha256[:16]}")
    for column in ("artefact", "file", "golden answers", "largest difference from float"):
        table.add_column(column)
    for one in artefacts:
        ran = "as accepted" if one.ran else f"not run: {one.note}"
        table.add_row(one.artefact, one.file, ran, "-" if one.max_abs is None else f"{one.max_abs:.3g}")
    table_console().print(table)
