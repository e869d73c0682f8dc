"""``vizecg-export golden-photo``: the photograph that a device tests itself with."""

from __future__ import annotations

import json

from vizecg.spec.options import BundleArgument, JsonFlag


def golden_photo(
    bundle: BundleArgument,
    as_json: JsonFlag = False,
) -> None:
    """Put a photographed printout that the bundle reads surely, and its answer, into it; its fingerprint changes."""
    from vizecg_edge.selftest import EXPECTED
    from vizecg_export.golden_photo import add_golden_photo

    written = add_golden_photo(bundle)
    expected = json.loads(written.file(EXPECTED).read_text())
    if as_json:
        print(json.dumps({"bundle_sha256": written.sha256, "expected": expected}))
        return
    told = ", ".join(f"{label} {value:.3f}" for label, value in expected["probabilities"].items())
    print(f"{bundle}: bundle {written.sha256[:16]}, photograph {expected['seed']} is answered {told}")
