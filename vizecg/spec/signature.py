"""Who made a bundle: signatures of its manifest, and with it of every file, by Ed25519 keys.

``signature.json`` lies beside the manifest and is not listed in it. What is signed is ``signed_bytes`` of the bundle's
fingerprint. Keys are PEM files, as ``openssl genpkey -algorithm ed25519`` makes them too.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vizecg.spec.bundle_files import read_plain
from vizecg.spec.checks import check_types, first_line, printable
from vizecg.spec.errors import BundleError, MissingToolError, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import SIGNATURE, Bundle

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SCHEMA = 1
EXTRA = "signatures"
MOST_BYTES = 64 << 10
"""Of ``signature.json``, and of a file of keys."""
_PURPOSE = b"vizecg bundle 1\n"
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
_PUBLIC = b"PUBLIC KEY"
_HEX = re.compile(r"[0-9a-f]+")
_SHORT = 16


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Of one key, both in hex: ``key`` its 32 public bytes, ``signature`` 64 bytes."""

    key: str
    signature: str

    @property
    def key_id(self) -> str:
        return key_id(self.key)


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A key that is trusted, with the file that it came from."""

    key: str
    path: Path

    @property
    def key_id(self) -> str:
        return key_id(self.key)


def key_id(key: str) -> str:
    """A short name of a public key: the beginning of its hash."""
    return sha256_bytes(bytes.fromhex(key))[:_SHORT]


def signed_bytes(fingerprint: str) -> bytes:
    """What is signed of a bundle; a signature of something else never fits it."""
    return _PURPOSE + fingerprint.encode()


def read_signatures(bundle: Bundle) -> tuple[Signature, ...]:
    """The signatures of a bundle; none where it is unsigned. Whether they are right ``fits`` tells.

    Raises:
        BundleError: they cannot be read, or are those of another manifest.
    """
    if not (bundle.path / SIGNATURE).exists() and not (bundle.path / SIGNATURE).is_symlink():
        return ()
    data: Any = None
    try:
        data = json.loads(read_plain(bundle.path, SIGNATURE, most=MOST_BYTES))
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {printable(data['schema'])} is not {SCHEMA}")
        signatures = tuple(_signature(one) for one in data["signatures"])
        fingerprint = data["bundle_sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"{bundle.path}: {SIGNATURE} cannot be read: {printable(repr(error))}") from error
    if fingerprint != bundle.sha256:
        raise BundleError(
            f"{bundle.path} was changed after it was signed: the signed manifest was {printable(fingerprint, _SHORT)},"
            f" this is {bundle.sha256[:_SHORT]}"
        )
    if not signatures:
        raise BundleError(f"{bundle.path}: {SIGNATURE} holds no signature")
    return signatures


def to_json(fingerprint: str, signatures: tuple[Signature, ...]) -> str:
    """What ``read_signatures`` reads."""
    told = {"schema": SCHEMA, "bundle_sha256": fingerprint, "signatures": [asdict(one) for one in signatures]}
    return json.dumps(told, indent=1) + "\n"


def fits(signature: Signature, fingerprint: str) -> bool:
    """Whether the owner of ``signature.key`` signed the bundle of this fingerprint.

    Raises:
        MissingToolError: ``cryptography`` is not installed.
    """
    library = load_ed25519()
    try:
        public = library.ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.key))
        public.verify(bytes.fromhex(signature.signature), signed_bytes(fingerprint))
    except (library.InvalidSignature, ValueError):
        return False
    return True


def read_public_keys(path: Path) -> tuple[PublicKey, ...]:
    """The public keys of a PEM file, or of all files of a folder.

    Raises:
        UsageError: no such file, or it holds something else than public Ed25519 keys.
        MissingToolError: ``cryptography`` is not installed.
    """
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    keys = tuple(key for file in files for key in _keys_of(file))
    if not keys:
        raise UsageError(f"{path} holds no public key: expected PEM, as `vizecg-export make-key` writes it")
    return keys


def public_hex(key: Ed25519PublicKey) -> str:
    """The 32 bytes of a public key."""
    library = load_ed25519()
    raw: bytes = key.public_bytes(library.serialization.Encoding.Raw, library.serialization.PublicFormat.Raw)
    return raw.hex()


@dataclass(frozen=True, kw_only=True)
class Library:
    """What is taken of ``cryptography``."""

    ed25519: Any
    serialization: Any
    InvalidSignature: type[Exception]
    Unsupported: type[Exception]


def load_ed25519() -> Library:
    """The library, imported when it is needed and not before: it is an extra.

    Raises:
        MissingToolError: it is not installed, or does not load.
    """
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingToolError(f"signatures need cryptography ({first_line(error)}): {pip_install(EXTRA)}") from error
    return Library(
        ed25519=ed25519, serialization=serialization, InvalidSignature=InvalidSignature,
        Unsupported=UnsupportedAlgorithm,
    )  # fmt: skip


def read_key_file(path: Path) -> bytes:
    """The bytes of a file of keys.

    Raises:
        UsageError: it is missing, cannot be read or is too large to be one.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is too large to be a file of keys")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _keys_of(path: Path) -> list[PublicKey]:
    library = load_ed25519()
    keys = []
    for block in _PEM.finditer(read_key_file(path)):
        if block[1] != _PUBLIC:
            raise UsageError(f"{path} holds a {block[1].decode()}: expected public keys alone, as in KEY.pub")
        try:
            key = library.serialization.load_pem_public_key(block[0])
        except (ValueError, library.Unsupported) as error:
            raise UsageError(f"{path} holds a damaged key: {printable(first_line(error))}") from error
        if not isinstance(key, library.ed25519.Ed25519PublicKey):
            raise UsageError(f"{path} holds a key of another kind than Ed25519")
        keys.append(PublicKey(key=public_hex(key), path=path))
    return keys


def _signature(data: dict[str, Any]) -> Signature:
    signature = Signature(**data)
    check_types(signature)
    for text, length in ((signature.key, 64), (signature.signature, 128)):
        if len(text) != length or not _HEX.fullmatch(text):
            raise ValueError(f"expected {length} hexadecimal digits, got {printable(text)}")
    return signature
