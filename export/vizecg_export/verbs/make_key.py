"""``vizecg-export make-key``: a key to sign bundles by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import JsonFlag, writable


def make_key(
    path: Annotated[Path, typer.Argument(callback=writable, help="Of the private key; PATH.pub is the public one.")],
    as_json: JsonFlag = False,
) -> None:
    """Make a pair of Ed25519 keys: the private one signs bundles, the public one is given to those who trust them."""
    from vizecg.spec.signature import key_id
    from vizecg_export.signing import PUBLIC_ENDING
    from vizecg_export.signing import make_key as make

    key = make(path)
    public = f"{path}{PUBLIC_ENDING}"
    if as_json:
        print(json.dumps({"private": str(path), "public": public, "key": key, "key_id": key_id(key)}))
        return
    print(f"key {key_id(key)}: {path} signs, keep it secret; {public} is for --trust")
