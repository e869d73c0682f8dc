"""The end of every change of a bundle: what follows from the rest of it is made anew, then it is published."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.manifest import Bundle, Manifest, publish_bundle


def publish_completed(folder: Path, manifest: Manifest, target: Path) -> Bundle:
    """Move a folder that holds all files of a bundle but the manifest to ``target``: there whole or not at all.

    Raises:
        UsageError: ``target`` exists and is no bundle.
        BundleError, MissingToolError: its contract for other languages cannot be made anew.
    """
    # Here, for what draws and rectifies is not to be loaded by every command.
    from vizecg_export.contract.write import refresh_contract

    return publish_bundle(folder, refresh_contract(folder, manifest), target)
