"""``vizecg-export diff``: what two bundles have in common, and what not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from vizecg.spec.manifest import GOLDEN, Bundle, open_bundle
from vizecg.spec.options import JsonFlag
from vizecg_export.console import table_console

GROUPS = {
    "thresholds": "artefacts/*/decision/threshold/*",
    "calibration of scores": "artefacts/*/decision/[sbm]*",
    "undecided bands": "artefacts/*/decision/undecided_margin/*",
    "quality gate": "gate/*",
    "parity": "artefacts/*/parity/*",
    "accuracy, macro": "artefacts/*/accuracy/*/artefact/macro/*/value",
    "accuracy, by class": "artefacts/*/accuracy/*/artefact/classes/*/value",
    "recall lost": "artefacts/*/accuracy/*/recall_drop/*/value",
    "latency": "artefacts/*/latency/*",
}
"""What the numbers of a manifest are told by: how many differ, and by how much."""


def diff_bundles(first: Bundle, second: Bundle) -> dict[str, Any]:
    """Files, fields and golden answers that differ.

    Returns:
        ``{"files": {name: "changed" | "only first" | "only second"}, "fields": {path: [first, second]}, "golden":
        {artefact: largest difference of logits}, "numbers": {group: ...}}``; ``golden`` is null where the sheets
        differ. A group of ``numbers`` tells how many were ``compared``, how many ``differ``, and the ``largest``
        difference: ``[field, first, second]``, null where none differs.
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
    return {"files": files, "fields": fields, "golden": _golden(first, second), "numbers": _numbers(left, right)}


def _numbers(left: dict[str, Any], right: dict[str, Any]) -> dict[str, dict[str, Any]]:
    groups = {}
    for group, pattern in GROUPS.items():
        pairs = {
            key: (left[key], right[key])
            for key in left
            if fnmatchcase(key, pattern) and _is_number(left[key]) and _is_number(right.get(key))
        }
        apart = {key: abs(a - b) for key, (a, b) in pairs.items() if a != b}
        most = max(apart, key=lambda key: apart[key]) if apart else None
        groups[group] = {
            "compared": len(pairs),
            "differ": len(apart),
            "largest": None if most is None else [most, *pairs[most]],
        }
    return groups


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
    only: Annotated[
        list[str] | None,
        typer.Option(help="Of the fields only those like this, as 'gate/*' or '*/threshold/*'; repeatable."),
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(help="Photographs, or a folder of them, that both read: which answers differ; repeatable."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell what differs between two bundles: files, golden answers, numbers by group, fields of the manifest."""
    bundles = open_bundle(first), open_bundle(second)
    told = diff_bundles(*bundles)
    if image:
        from vizecg_export.picture_diff import diff_pictures

        told["pictures"] = diff_pictures(*bundles, image).to_dict()
    if only:
        wanted = {key for key in told["fields"] if any(fnmatchcase(key, pattern) for pattern in only)}
        told["fields"] = {key: pair for key, pair in told["fields"].items() if key in wanted}
    if as_json:
        print(json.dumps(told))
        return
    console = table_console()
    if "pictures" in told:
        _print_pictures(told["pictures"], console)
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
    table = Table("numbers", "compared", "differ", "largest difference", "where", str(first), str(second))
    for group, numbers in told["numbers"].items():
        field, left, right = numbers["largest"] or ("", None, None)
        cells = ["-"] * 4 if left is None else [f"{abs(left - right):.4g}", field, f"{left:.5g}", f"{right:.5g}"]
        table.add_row(group, str(numbers["compared"]), str(numbers["differ"]), *cells)
    console.print(table)
    table = Table("field", str(first), str(second), "difference")
    for key, (left, right) in told["fields"].items():
        apart = f"{right - left:+.4g}" if _is_number(left) and _is_number(right) else ""
        table.add_row(key, _shown(left), _shown(right), apart)
    console.print(table)


def _print_pictures(told: dict[str, Any], console: Console) -> None:
    first, second = told["artefacts"]
    console.print(
        f"{told['pictures']} pictures by {first} and {second}: {told['answered'][0]} and {told['answered'][1]}"
        f" answered, {told['status_differs']} otherwise by the other; of {told['decisions']} decisions"
        f" {told['decided_by_both']} by both, {told['undecided_by_one']} by one only, {told['turned_over']} turned"
        f" over; largest difference of a probability {told['largest_probability_difference']:.4g}"
    )
    for one in told["differing"]:
        turned = "".join(f"; {label} turned over" for label in one["turned"])
        undecided = "".join(f"; {label} undecided by one" for label in one["undecided"])
        status = "" if one["status"][0] == one["status"][1] else f"; {one['status'][0]} against {one['status'][1]}"
        console.print(f"  {one['picture']}{status}{turned}{undecided}")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
