"""``vizecg-export contract``: give a bundle its contract for other languages."""

from __future__ import annotations

import json

from vizecg.spec.manifest import open_bundle
from vizecg.spec.options import BundleArgument, JsonFlag
from vizecg_export.console import table_console


def contract(
    bundle: BundleArgument,
    as_json: JsonFlag = False,
) -> None:
    """Write contract.md, contract.json and golden pictures into a bundle that has none; its fingerprint changes.

    New bundles have them. ONNX files tell the same in their metadata; the networks in them stay as they are.
    """
    from vizecg_export.contract.write import add_contract

    before = open_bundle(bundle).manifest.files
    written = add_contract(bundle)
    files = written.manifest.files
    changed = sorted(name for name in files if files[name] != before.get(name))
    sizes = {name: written.file(name).stat().st_size for name in changed}
    if as_json:
        print(json.dumps({"bundle_sha256": written.sha256, "written": sizes}))
        return
    console = table_console()
    console.print(f"{bundle}: bundle {written.sha256[:16]}, {len(changed)} files written", soft_wrap=True)
    for name, size in sizes.items():
        console.print(f"  {name}: {size:,} bytes")
