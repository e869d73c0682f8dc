"""What every run begins with: the bundle."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.manifest import Bundle, open_bundle


def bundle_or_shipped(path: Path | None) -> Bundle:
    """Open a bundle; None takes the edge's own. Raises BundleError where it is damaged."""
    from vizecg_edge.pipeline import DEFAULT_BUNDLE

    return open_bundle(path or DEFAULT_BUNDLE)
