"""The bundle that comes with this package, and its fingerprint, which the package pins."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.manifest import pin_of

DEFAULT_BUNDLE = Path(__file__).parent / "bundles" / "default"


def pinned_sha256() -> str | None:
    """The fingerprint of the shipped bundle as the package has it; None where it has none.

    It stands in ``bundles/default.sha256``, as ``sha256sum`` writes it; whatever publishes a bundle at that place
    renews it.
    """
    try:
        return pin_of(DEFAULT_BUNDLE).read_text().split()[0]
    except (OSError, IndexError, ValueError):
        return None
