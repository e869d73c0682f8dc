"""``vizecg-export diff``: what two bundles have in common, and what not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from vizecg.spec.manifest import GOLDEN, Bundle, open_bundle
from vizecg_export.console import table_console


def diff_bundles(first: Bundle, second: Bundle) -> dict[str, Any]:
    """Files, fields and golden answers that differ.

    Returns:
        ``{"files": {name: "changed" | "only first" | "only second"}, "fields": {path: [first, second]}, "golden":
        {artefact: largest difference of logits}}``; ``golden`` is null where the sheets differ.
    """
    a, b = first.manifest, second.manifest
    files = {}
    for name in sorted({*a.files, *b.files}):
        if name not in b.files:
            files[name] = "only first"
        elif name not in a.files:
            files[name] = "only second"
        elif a.files[name] != b.files[name]:
            files[name] = "changed"
    left, right = dict(_fields(_by_name(asdict(a)))), dict(_fields(_by_name(asdict(b))))
    fields = {
        key: [left.get(key), right.get(key)]
        for key in sorted({*left, *right})
        if left.get(key) != right.get(key) and not key.startswith("files/")
    }
    return {"files": files, "fields": fields, "golden": _golden(first, second)}


def _by_name(manifest: dict[str, Any]) -> dict[str, Any]:
    """Artefacts under their names: one more or less must not shift the others."""
    return {**manifest, "artefacts": {one["name"]: one for one in manifest["artefacts"]}}


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _fields(inner, f"{path}/{index}")
    else:
        yield path, value


def _golden(first: Bundle, second: Bundle) -> dict[str, float] | None:
    with np.load(first.file(GOLDEN)) as a, np.load(second.file(GOLDEN)) as b:
        if not np.array_equal(a["inks"], b["inks"]):
            return None
        shared = [name for name in a.files if name in b.files and name != "inks"]
        return {name.removeprefix("logits_"): float(np.abs(a[name] - b[name]).max()) for name in shared}


def diff(
    first: Annotated[Path, typer.Argument(help="A bundle.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as one object.")] = False,
) -> None:
    """Tell what differs between two bundles: files, fields of the manifest, golden answers."""
    told = diff_bundles(open_bundle(first), open_bundle(second))
    if as_json:
        print(json.dumps(told))
        return
    console = table_console()
    if not told["files"] and not told["fields"]:
        console.print("the same")
        return
    for name, state in told["files"].items():
        console.print(f"{name}: {state}")
    if told["golden"] is None:
        console.print("golden sheets differ: their answers cannot be compared")
    else:
        for name, largest in told["golden"].items():
            console.print(f"golden answers of {name}: largest difference {largest:.4g}")
    table = Table("field", str(first), str(second))
    for key, (left, right) in told["fields"].items():
        table.add_row(key, _shown(left), _shown(right))
    console.print(table)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
