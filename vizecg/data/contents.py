"""What is in a store, packed or not, as ``vizecg prepare`` tells it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vizecg.data.left_out import FILE, tell_left_out, write_left_out
from vizecg.data.packed.choice import Group
from vizecg.data.packed.file import PackedStore
from vizecg.data.sharding import missing_told
from vizecg.data.store.read import Store
from vizecg.data.store.shares import ShareReport
from vizecg.data.store.summary import counted


def report(store: Store, *, finished: bool, verified: bool, as_json: bool) -> None:
    """The counts of a store, and what was skipped and why, on stdout."""
    meta = store.meta
    noted = meta.get("noted", [])
    where = _written(store.folder / FILE, meta["skipped"], noted)
    size = sum(shard["data_bytes"] for shard in meta["shards"])
    if as_json:
        kept = {name: meta[name] for name in ("source", "sampling_rate", "content_sha256", "counts", "skipped")}
        kept |= {"noted": noted, "patients_in_two_splits": meta["patients_in_two_splits"]}
        print(
            json.dumps({"out": str(store.folder), "was_finished": finished, "verified": verified, "bytes": size} | kept)
        )
        return
    console = Console()
    state = "was there already" if finished else "done"
    checked = ", every byte verified" if verified else ""
    console.print(
        f"{store.folder}: {state}{checked}; {len(store.records)} records, {size / 2**20:.0f} MiB", highlight=False
    )
    console.print(f"content {meta['content_sha256']}", highlight=False, soft_wrap=True)
    console.print(_counts(meta["counts"], store.labels))
    if meta["patients_in_two_splits"]:
        console.print(f"warning: {meta['patients_in_two_splits']} patients are in more than one split")
    _tell_skipped(console, meta["skipped"], noted, where)


def _written(path: Path, skipped: Sequence[dict[str, Any]], noted: Sequence[dict[str, Any]]) -> str:
    """Where all that is left out stands, or why that could not be written: a store may be read where nothing can be."""
    try:
        write_left_out(path, skipped, noted)
    except OSError as error:
        return f"the output of --json ({path} cannot be written: {error.strerror})"
    return str(path)


def _tell_skipped(
    console: Console, skipped: Sequence[dict[str, Any]], noted: Sequence[dict[str, Any]], where: str
) -> None:
    if not skipped:
        console.print("nothing was skipped")
    tell_left_out(console, skipped, noted, where=where)


def report_share(out: Path, built: ShareReport, *, as_json: bool) -> None:
    """What one process of several has done for a store, and what is still to be done, on stdout."""
    if as_json:
        print(json.dumps({"out": str(out), **built.to_dict()}))
        return
    merge = f"all are there: vizecg prepare --merge --out {shlex.quote(str(out))}"
    rest = f"to come: {missing_told(built.missing)}" if built.missing else merge
    print(f"{out}: shard {built.share} done; {built.records} records, {built.skipped} skipped; {rest}")


def report_packed(
    packed: PackedStore, *, verified: bool, as_json: bool, noted: Sequence[dict[str, Any]] | None = None
) -> None:
    """What is in a packed store, what was left out for its size, and what was skipped and why, on stdout.

    ``noted``: what is to be told of records that are in it, where it was made now; else its list is left as it is.
    """
    size, header = packed.path.stat().st_size, packed.header
    listed = packed.path.with_name(f"{packed.path.name}.{FILE}")
    where = str(listed) if noted is None else _written(listed, packed.skipped, noted)
    noted = noted or ()
    if as_json:
        names = (
            "source", "sampling_rate", "step_uv", "content_sha256", "counts", "left_out", "patients_in_two_splits"
        )  # fmt: skip
        kept = {name: header[name] for name in names}
        print(
            json.dumps(
                {"pack": str(packed.path), "verified": verified, "bytes": size, **kept, "skipped": packed.skipped}
                | {"noted": list(noted)}
            )
        )
        return
    console = Console()
    checked = ", every byte verified" if verified else ""
    console.print(
        f"{packed.path}: done{checked}; {len(packed)} records, {size / 2**20:.1f} MiB, "
        f"{packed.step_uv:g} microvolts a step, {packed.sampling_rate:g} Hz",
        highlight=False,
    )
    console.print(f"content {packed.content_sha256}", highlight=False, soft_wrap=True)
    console.print(_counts(header["counts"], packed.labels))
    for split, counts in header["left_out"].items():
        if not counts["records"]:
            continue
        told = ", ".join(f"{counts[name]} {name}" for name in (group.value for group in Group))
        console.print(f"left out of {split} for the budget: {counts['records']} records ({told})", highlight=False)
    if header["patients_in_two_splits"]:
        console.print(f"warning: {header['patients_in_two_splits']} patients are in more than one split")
    _tell_skipped(console, packed.skipped, noted, where)


def _counts(counts: Mapping[str, Mapping[str, int]], labels: Sequence[str]) -> Table:
    columns = counted(labels)
    table = Table("split", *columns)
    for split, found in counts.items():
        table.add_row(split, *(str(found[name]) for name in columns))
    return table
