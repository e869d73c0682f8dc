"""The end of every change of a bundle: what follows from the rest of it is made anew, then it is published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vizecg.spec.manifest import Bundle, Manifest, hash_files, publish_bundle


def publish_completed(folder: Path, manifest: Manifest, target: Path) -> Bundle:
    """Move a folder that holds all files of a bundle but the manifest to ``target``: there whole or not at all.

    Raises:
        UsageError: ``target`` exists and is no bundle.
    """
    return publish_bundle(folder, replace(manifest, files=hash_files(folder)), target)
