"""``vizecg-export sign``: say who made a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import BundleArgument, JsonFlag


def sign(
    bundle: BundleArgument,
    key: Annotated[Path, typer.Option(help="Private key (PEM), as of make-key.", show_default=False)],
    as_json: JsonFlag = False,
) -> None:
    """Sign a bundle: what changes any of its files breaks the signature. Its fingerprint stays; several may sign it."""
    from vizecg_export.signing import sign_bundle

    signed, signatures = sign_bundle(bundle, key)
    keys = [one.key_id for one in signatures]
    if as_json:
        print(json.dumps({"bundle_sha256": signed.sha256, "key_ids": keys}))
        return
    print(f"{bundle}: bundle {signed.sha256[:16]} is signed by {', '.join(keys)}")
