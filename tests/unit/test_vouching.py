"""What vouches for a bundle: its golden answers, once on each device, and the signatures of those who are trusted."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from contract_bundles import sealed
from edge_bundles import artefact, make_bundle
from vizecg.spec import BundleError, MissingToolError, UsageError
from vizecg.spec.files import user_cache
from vizecg.spec.golden import limits_of
from vizecg.spec.manifest import MANIFEST, SIGNATURE, Bundle, open_bundle, pin_of, publish_bundle
from vizecg.spec.signature import fits, public_hex, read_public_keys, read_signatures, signed_bytes
from vizecg_edge.backends import BackendKind
from vizecg_edge.backends.choose import open_backend
from vizecg_edge.pipeline import DEFAULT_BUNDLE, Pipeline
from vizecg_edge.vouch import golden
from vizecg_edge.vouch.kinds import Origin, SignaturePolicy
from vizecg_edge.vouch.origin import vouch
from vizecg_edge.vouch.record import VARIABLE
from vizecg_export.signing import make_key, sign_bundle

pytestmark = pytest.mark.unit


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "b.vizecg")


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is remembered which bundles were checked."""
    folder = tmp_path / "records"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def key(folder: Path, name: str = "maker") -> Path:
    make_key(folder / name)
    return folder / name


def public(private: Path) -> Path:
    return private.with_name(f"{private.name}.pub")


# Golden answers


def labels_reversed(bundle: Path) -> None:
    model = onnx.load(str(bundle / "model.onnx"))
    order = onnx.numpy_helper.from_array(np.arange(6)[::-1].copy(), "order")
    model.graph.initializer.append(order)
    model.graph.node[-1].output[0] = "inside"
    model.graph.node.append(onnx.helper.make_node("Gather", ["inside", "order"], ["logits"], axis=1))
    onnx.save(model, str(bundle / "model.onnx"))


def always_the_same(bundle: Path) -> None:
    model = onnx.load(str(bundle / "model.onnx"))
    nothing = onnx.numpy_helper.from_array(np.zeros(6, np.float32), "nothing")
    model.graph.initializer.append(nothing)
    model.graph.node[-1].output[0] = "inside"
    model.graph.node.append(onnx.helper.make_node("Mul", ["inside", "nothing"], ["logits"]))
    onnx.save(model, str(bundle / "model.onnx"))


@pytest.mark.parametrize("change", [labels_reversed, always_the_same])
def test_a_network_that_was_exchanged_is_refused_whatever_its_manifest_says(
    change: Callable[[Path], None], bundle: Bundle, records: Path
) -> None:
    change(bundle.path)
    sealed(bundle.path)
    with pytest.raises(BundleError, match=r"model\.onnx does not give its golden answers"):
        Pipeline(bundle=bundle.path, threads=1)
    assert not records.exists(), "what failed is not remembered"
    assert Pipeline(bundle=bundle.path, threads=1, check=False).notes


def test_golden_answers_are_asked_for_once(bundle: Bundle, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pipeline(bundle=bundle.path, threads=1)
    (record,) = records.iterdir()
    assert json.loads(record.read_text())["bundle_sha256"] == bundle.sha256

    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("they were asked for again")

    with monkeypatch.context() as patch:
        patch.setattr(golden, "answer_golden", never)
        Pipeline(bundle=bundle.path, threads=1)
        # What another engine, or another version of it, computes is not known.
        patch.setattr(sys.modules["onnxruntime"], "__version__", "0.1")
        with pytest.raises(AssertionError, match="asked for again"):
            Pipeline(bundle=bundle.path, threads=1)
        record.write_text("{")
        patch.undo()
        patch.setattr(golden, "answer_golden", never)
        with pytest.raises(AssertionError, match="asked for again"):
            Pipeline(bundle=bundle.path, threads=1)


def test_a_home_that_cannot_be_written_to_costs_time_alone(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "records"))
    for _ in range(2):
        notes = Pipeline(bundle=bundle.path, threads=1, signature=SignaturePolicy.OFF).notes
        assert len(notes) == 1
        assert "checked anew every time" in notes[0]
        assert f"${VARIABLE} names another folder" in notes[0]


def test_without_a_home_it_runs_too(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in (VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(RuntimeError):
        user_cache()
    assert "checked anew every time" in Pipeline(bundle=bundle.path, threads=1).notes[-1]


def test_a_bundle_without_golden_answers_is_refused(bundle: Bundle, records: Path) -> None:
    (bundle.path / "golden.npz").unlink()
    sealed(bundle.path)
    with pytest.raises(BundleError, match="no usable golden data"):
        Pipeline(bundle=bundle.path, threads=1)


def test_limits_that_let_anything_pass_are_refused() -> None:
    wide = artefact(parity={"limits": {"max_abs": 1e9, "min_cosine": -1.0, "min_sqnr_db": -300.0}})
    with pytest.raises(BundleError, match="wider than any export's"):
        limits_of(wide)


# Signatures


def test_a_signed_bundle_is_told_from_others(bundle: Bundle, tmp_path: Path) -> None:
    maker, hospital = key(tmp_path), key(tmp_path, "hospital")
    assert vouch(bundle).origin is Origin.UNSIGNED
    assert "is unsigned: nothing tells who made it" in vouch(bundle).words
    assert vouch(bundle, policy=SignaturePolicy.OFF) == replace(vouch(bundle), origin=Origin.NOT_CHECKED, words="")
    with pytest.raises(BundleError, match="is unsigned: nothing tells who made it: it is not taken"):
        vouch(bundle, trust=public(maker))
    signed, _ = sign_bundle(bundle.path, maker)
    assert signed.sha256 == bundle.sha256 == open_bundle(bundle.path).sha256
    assert vouch(bundle, trust=public(maker)).origin is Origin.SIGNED
    assert vouch(bundle, trust=public(maker)).words == ""
    assert "which --trust can check" in vouch(bundle).words
    with pytest.raises(BundleError, match=r"is signed by key \w{16}, which .*hospital\.pub does not hold: it is not"):
        vouch(bundle, trust=public(hospital))
    told = vouch(bundle, trust=public(hospital), policy=SignaturePolicy.WARN)
    assert told.origin is Origin.OTHER_KEY
    with pytest.raises(BundleError, match="which --trust can check: it is not taken"):
        vouch(bundle, policy=SignaturePolicy.REQUIRE)


def test_several_may_sign_and_be_trusted(bundle: Bundle, tmp_path: Path) -> None:
    maker, hospital = key(tmp_path), key(tmp_path, "hospital")
    for private in (maker, hospital, maker):
        _, signatures = sign_bundle(bundle.path, private)
    assert len(signatures) == 2
    keys = tmp_path / "keys"
    keys.mkdir()
    shutil.copy(public(hospital), keys)
    assert vouch(bundle, trust=keys).origin is Origin.SIGNED
    (tmp_path / "both.pem").write_bytes(public(maker).read_bytes() + public(hospital).read_bytes())
    assert len(read_public_keys(tmp_path / "both.pem")) == 2
    assert vouch(bundle, trust=tmp_path / "both.pem").origin is Origin.SIGNED


def test_what_was_changed_after_signing_is_refused_even_where_only_told_of(bundle: Bundle, tmp_path: Path) -> None:
    maker = key(tmp_path)
    sign_bundle(bundle.path, maker)
    manifest = json.loads((bundle.path / MANIFEST).read_text())
    (bundle.path / MANIFEST).write_text(json.dumps({**manifest, "name": "another"}))
    changed = open_bundle(bundle.path)
    for policy in (SignaturePolicy.REQUIRE, SignaturePolicy.WARN):
        with pytest.raises(BundleError, match="was changed after it was signed"):
            vouch(changed, policy=policy)
    # Whoever changed it may say that this was signed.
    stored = json.loads((bundle.path / SIGNATURE).read_text())
    (bundle.path / SIGNATURE).write_text(json.dumps({**stored, "bundle_sha256": changed.sha256}))
    for policy in (SignaturePolicy.REQUIRE, SignaturePolicy.WARN):
        with pytest.raises(BundleError, match=r"that of key \w{16} does not fit"):
            vouch(changed, trust=public(maker), policy=policy)
    with pytest.raises(BundleError, match="was changed after it was signed"):
        sign_bundle(sealed(bundle.path).path, maker)


def test_a_change_by_the_exporter_takes_the_signature_away(bundle: Bundle, tmp_path: Path) -> None:
    sign_bundle(bundle.path, key(tmp_path))
    copy = Path(shutil.copytree(bundle.path, tmp_path / "copy"))
    publish_bundle(copy, bundle.manifest, bundle.path)
    assert read_signatures(open_bundle(bundle.path)) == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"schema": 2}', b'{"schema": 1, "signatures": [{"key": "xy", "signature": ""}]}',
     b'{"schema": 1, "signatures": "x"}', b"[" * 60_000, b" " * (1 << 17)],
)  # fmt: skip
def test_damaged_signatures_are_refused_in_one_line(content: bytes, bundle: Bundle) -> None:
    (bundle.path / SIGNATURE).write_bytes(content)
    with pytest.raises(BundleError, match=r"signature\.json") as error:
        vouch(bundle)
    assert "\n" not in str(error.value)


def test_a_signature_behind_a_link_is_not_read(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.path / SIGNATURE).symlink_to(tmp_path / "nowhere")
    with pytest.raises(BundleError, match=r"signature\.json is a link"):
        vouch(bundle)


def test_keys_are_files_of_their_owner_and_never_replaced(tmp_path: Path) -> None:
    private = key(tmp_path)
    assert private.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="never replaced"):
        make_key(private)
    private.unlink()
    with pytest.raises(UsageError, match=r"maker\.pub is there already"):
        make_key(private)
    assert not private.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "holds no public key"), (b"hello", "holds no public key"),
     (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds a damaged key"),
     (None, "cannot be read")],
)  # fmt: skip
def test_files_that_hold_no_public_key_are_told(
    content: bytes | None, says: str, bundle: Bundle, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "k.pub").write_bytes(content)
    with pytest.raises(UsageError, match=says):
        vouch(bundle, trust=tmp_path / "k.pub")


def test_private_and_public_keys_are_not_exchanged(bundle: Bundle, tmp_path: Path) -> None:
    private = key(tmp_path)
    with pytest.raises(UsageError, match="holds a PRIVATE KEY: expected public keys alone"):
        vouch(bundle, trust=private)
    with pytest.raises(UsageError, match="is no private key"):
        sign_bundle(bundle.path, public(private))


def test_keys_of_another_kind_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import ec

    curve = ec.generate_private_key(ec.SECP256R1())
    pem = forms.Encoding.PEM
    (tmp_path / "p.pub").write_bytes(curve.public_key().public_bytes(pem, forms.PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "p").write_bytes(curve.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.NoEncryption()))
    (tmp_path / "locked").write_bytes(
        curve.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"secret"))
    )
    with pytest.raises(UsageError, match="another kind than Ed25519"):
        vouch(bundle, trust=tmp_path / "p.pub")
    with pytest.raises(UsageError, match="another kind than Ed25519"):
        sign_bundle(bundle.path, tmp_path / "p")
    with pytest.raises(UsageError, match="is encrypted"):
        sign_bundle(bundle.path, tmp_path / "locked")


def test_what_is_signed_is_a_bundle_and_nothing_else(bundle: Bundle, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(key(tmp_path).read_bytes(), password=None)
    _, (signature,) = sign_bundle(bundle.path, tmp_path / "maker")
    assert signature.key == public_hex(private.public_key())  # type: ignore[arg-type]
    assert fits(signature, bundle.sha256)
    bare = private.sign(bundle.sha256.encode()).hex()  # type: ignore[union-attr, call-arg]
    assert not fits(replace(signature, signature=bare), bundle.sha256)
    assert signed_bytes(bundle.sha256).startswith(b"vizecg bundle 1\n")


def test_without_the_library_the_command_that_adds_it_is_told(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = key(tmp_path)
    sign_bundle(bundle.path, maker)
    for name in [one for one in sys.modules if one.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingToolError, match="pip install"):
        vouch(bundle, trust=public(maker))
    assert vouch(bundle).origin is Origin.OTHER_KEY, "who asks for nothing needs no library"


# The shipped bundle


def test_the_shipped_bundle_is_the_one_that_the_package_pins() -> None:
    # `sha256sum default/manifest.json > default.sha256` in bundles/, where no command published it.
    shipped = open_bundle(DEFAULT_BUNDLE)
    assert pin_of(DEFAULT_BUNDLE).read_text() == f"{shipped.sha256}  default/{MANIFEST}\n"
    assert vouch(shipped, policy=SignaturePolicy.REQUIRE).origin is Origin.SHIPPED


def test_another_bundle_in_its_place_is_refused(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> None:
    monkeypatch.setattr("vizecg_edge.vouch.origin.DEFAULT_BUNDLE", bundle.path)
    with pytest.raises(BundleError, match="came with this package: install it again"):
        vouch(bundle)


def test_publishing_renews_a_pinned_fingerprint(bundle: Bundle, tmp_path: Path) -> None:
    pin = pin_of(bundle.path)
    copy = Path(shutil.copytree(bundle.path, tmp_path / "one"))
    publish_bundle(copy, bundle.manifest, bundle.path)
    assert not pin.exists(), "nothing was pinned"
    pin.write_text("0  b.vizecg/manifest.json\n")
    copy = Path(shutil.copytree(bundle.path, tmp_path / "two"))
    changed = publish_bundle(copy, replace(bundle.manifest, name="newer"), bundle.path)
    assert pin.read_text() == f"{changed.sha256}  b.vizecg/{MANIFEST}\n"


def test_another_users_record_does_not_count(bundle: Bundle, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_backend(bundle, kind=BackendKind.ONNX, threads=1)
    golden.check_golden_once(bundle, opened)
    monkeypatch.setattr(golden, "answer_golden", lambda *a, **k: pytest.fail("asked for again"))
    golden.check_golden_once(bundle, opened)
    (record,) = records.iterdir()
    if os.geteuid():
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    else:
        os.chown(record, 4711, -1)
    with pytest.raises(pytest.fail.Exception):
        golden.check_golden_once(bundle, opened)
