"""Keys, and the signatures of bundles by them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vizecg.spec import UsageError
from vizecg.spec.checks import first_line, printable
from vizecg.spec.files import write_atomically
from vizecg.spec.manifest import SIGNATURE, Bundle, open_bundle
from vizecg.spec.signature import (
    Signature,
    load_ed25519,
    public_hex,
    read_key_file,
    read_signatures,
    signed_bytes,
    to_json,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PUBLIC_ENDING = ".pub"
_PRIVATE_MODE, _PUBLIC_MODE = 0o600, 0o644


def make_key(path: Path) -> str:
    """Write a new private key to ``path``, which only its owner may read, and the public one to ``path``.pub.

    Returns:
        The 32 bytes of the public key in hex.

    Raises:
        UsageError: one of the files is there already.
        MissingToolError: ``cryptography`` is not installed.
    """
    library = load_ed25519()
    forms, private = library.serialization, library.ed25519.Ed25519PrivateKey.generate()
    public = private.public_key()
    beside = path.with_name(path.name + PUBLIC_ENDING)
    if beside.exists():
        raise UsageError(f"{beside} is there already: a key is never replaced")
    pem = forms.Encoding.PEM
    _write_new(path, private.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.NoEncryption()), _PRIVATE_MODE)
    _write_new(beside, public.public_bytes(pem, forms.PublicFormat.SubjectPublicKeyInfo), _PUBLIC_MODE)
    return public_hex(public)


def sign_bundle(path: Path, key: Path) -> tuple[Bundle, tuple[Signature, ...]]:
    """Add a signature to a bundle, in place of an older one by the same key; those of other keys stay.

    Returns:
        The bundle, whose fingerprint stays, and all of its signatures.

    Raises:
        UsageError: ``key`` is no private Ed25519 key.
        BundleError: the bundle is damaged, or was changed after it was signed.
        MissingToolError: ``cryptography`` is not installed.
    """
    private = _read_private(key)
    bundle = open_bundle(path)
    own = Signature(key=public_hex(private.public_key()), signature=private.sign(signed_bytes(bundle.sha256)).hex())
    signatures = (*(one for one in read_signatures(bundle) if one.key != own.key), own)
    write_atomically(path / SIGNATURE, to_json(bundle.sha256, signatures))
    return bundle, signatures


def _read_private(path: Path) -> Ed25519PrivateKey:
    library = load_ed25519()
    try:
        key = library.serialization.load_pem_private_key(read_key_file(path), password=None)
    except TypeError as error:
        raise UsageError(f"{path} is encrypted: decrypt it first, as by `openssl pkey -in {path.name}`") from error
    except (ValueError, library.Unsupported) as error:
        raise UsageError(f"{path} is no private key: {printable(first_line(error))}") from error
    if not isinstance(key, library.ed25519.Ed25519PrivateKey):
        raise UsageError(f"{path} is a key of another kind than Ed25519")
    return key


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already: a key is never replaced") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
