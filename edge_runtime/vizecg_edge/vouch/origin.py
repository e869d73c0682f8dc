"""Who made a bundle, and whether that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vizecg.spec import BundleError
from vizecg.spec.manifest import Bundle
from vizecg.spec.signature import Signature, fits, read_public_keys, read_signatures
from vizecg_edge.shipped import DEFAULT_BUNDLE, pinned_sha256
from vizecg_edge.vouch.kinds import Origin, SignaturePolicy

_SHORT = 16


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """``words``: a line for people where something is to be told, else empty."""

    origin: Origin
    words: str = ""


def vouch(bundle: Bundle, *, trust: Path | None = None, policy: SignaturePolicy | None = None) -> Vouched:
    """See who made a bundle.

    Args:
        bundle: opened.
        trust: public keys, in a PEM file or a folder of such.
        policy: None requires a trusted key where ``trust`` names some, and tells otherwise.

    Raises:
        UsageError: ``trust`` holds no public keys.
        MissingToolError: a signature is to be checked and ``cryptography`` is not installed.
        BundleError: the policy refuses it, it was changed after it was signed, or it lies where the shipped bundle
            belongs and is another.
    """
    policy = policy or (SignaturePolicy.WARN if trust is None else SignaturePolicy.REQUIRE)
    if policy is SignaturePolicy.OFF:
        return Vouched(origin=Origin.NOT_CHECKED)
    pinned = pinned_sha256()
    if bundle.sha256 == pinned:
        return Vouched(origin=Origin.SHIPPED)
    if bundle.path == DEFAULT_BUNDLE and pinned is not None:
        raise BundleError(
            f"{bundle.path} is bundle {bundle.sha256[:_SHORT]}, but {pinned[:_SHORT]} came with this package: install"
            " it again"
        )
    signatures = read_signatures(bundle)
    trusted = () if trust is None else read_public_keys(trust)
    if trusted:
        _check_all(bundle, signatures)
    if {one.key for one in signatures} & {key.key for key in trusted}:
        return Vouched(origin=Origin.SIGNED)
    words = f"bundle {bundle.manifest.name} {bundle.sha256[:_SHORT]} {_told(signatures, trust)}"
    if policy is SignaturePolicy.REQUIRE:
        raise BundleError(f"{words}: it is not taken")
    return Vouched(origin=Origin.OTHER_KEY if signatures else Origin.UNSIGNED, words=words)


def _check_all(bundle: Bundle, signatures: tuple[Signature, ...]) -> None:
    """One that does not fit is no better than a changed file, whosever it is."""
    for signature in signatures:
        if not fits(signature, bundle.sha256):
            raise BundleError(
                f"{bundle.path} was changed after it was signed, or its signature was: that of key {signature.key_id}"
                " does not fit"
            )


def _told(signatures: tuple[Signature, ...], trust: Path | None) -> str:
    if not signatures:
        return "is unsigned: nothing tells who made it"
    keys = " and ".join(signature.key_id for signature in signatures)
    if trust is None:
        return f"is signed by key {keys}, which --trust can check"
    return f"is signed by key {keys}, which {trust} does not hold"
