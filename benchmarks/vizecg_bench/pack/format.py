"""Reading a pack, one chunk of sheets after the other. Whatever is damaged or made up gives one line."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vizecg.spec import BundleError, UsageError
from vizecg.spec.checks import printable
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg.spec.manifest import Bundle
from vizecg_bench.pack.header import CHUNK, HEADER, MOST_HEADER_BYTES, MOST_ID_BYTES, PackHeader, SectionHeader
from vizecg_bench.run.schema import PackPart

_NPY_HEADER = 4096
"""Bytes before the numbers of a .npy file: more than numpy writes."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, KeyError)


@dataclass(frozen=True, kw_only=True)
class PackSection:
    """``record_ids`` (n,), ``labels`` uint8 (n, labels) of 0 and 1, ``logits`` float32 (n, labels) of the float
    network."""

    header: SectionHeader
    record_ids: tuple[str, ...]
    labels: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Pack:
    """An opened pack: all but the ink maps in memory, and checked."""

    path: Path
    sha256: str
    header: PackHeader
    sections: Mapping[str, PackSection]

    def inks(self, section: str) -> Iterator[np.ndarray]:
        """The ink maps of a section in order: uint8 (k, height, width), k at most ``CHUNK``.

        Raises:
            BundleError: they are damaged.
        """
        spec = self.header.preprocess
        left = self.sections[section].header.n
        with _opened(self.path) as archive:
            for member in self.sections[section].header.ink_members:
                shape = (min(CHUNK, left), spec.height, spec.width)
                yield _array(archive, self.path.name, member, self.header.members[member], np.dtype(np.uint8), shape)
                left -= shape[0]

    def part(self) -> PackPart:
        """What a result tells of it."""
        return PackPart(
            name=self.header.name,
            sha256=self.sha256,
            source=f"{self.header.source}; {self.header.kind}",
            sections={name: section.header.n for name, section in self.sections.items()},
        )

    def chosen(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """``names``, or all of the sections for None.

        Raises:
            UsageError: there is no such section.
        """
        for name in names or ():
            if name not in self.sections:
                raise UsageError(f"{self.path.name} has no section {name!r}: it has {', '.join(self.sections)}")
        return tuple(self.sections) if names is None else tuple(dict.fromkeys(names))

    def check_bundle(self, bundle: Bundle) -> None:
        """Raises BundleError unless the bundle was made of this pack's float network and reads the same sheets."""
        manifest, header = bundle.manifest, self.header
        for what, own, other in (
            ("checkpoint", header.checkpoint_sha256, manifest.checkpoint.get("sha256")),
            ("label set", header.labels, manifest.labels.names),
            ("sheet", header.sheet, manifest.sheet),
            ("preprocessing", header.preprocess, manifest.preprocess),
        ):
            if own != other:
                raise BundleError(
                    f"{self.path.name} is of another {what} than bundle {manifest.name}: "
                    f"{printable(own)} is not {printable(other)}"
                )


def open_pack(path: Path, *, bundle: Bundle | None = None, sections: Sequence[str] | None = None) -> Pack:
    """Open a pack and check everything but its ink maps, which are checked as they are read.

    Args:
        path: of the pack.
        bundle: that is to be measured: it must be of the same float network.
        sections: names; None and none take all.

    Raises:
        UsageError: no such file or section.
        BundleError: it is no pack, damaged, of another schema, or does not fit the bundle.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    name = path.name
    with _opened(path) as archive:
        listed = archive.namelist()
        if HEADER not in listed:
            raise BundleError(f"{name} is no evaluation pack: it has no {HEADER}")
        if len(set(listed)) != len(listed):
            raise BundleError(f"{name}: the pack has a file twice")
        try:
            text = _bytes(archive, name, HEADER, MOST_HEADER_BYTES).decode()
        except UnicodeDecodeError as error:
            raise BundleError(f"{name}: the pack's header is not text") from error
        header = PackHeader.from_json(text, name=name)
        odd = set(listed) ^ {HEADER, *header.members}
        if odd:
            raise BundleError(f"{name}: the pack's files are not those listed, for example {printable(min(odd))}")
        known = {section.name: _section(archive, name, header, section) for section in header.sections}
    pack = Pack(path=path, sha256=sha256_file(path), header=header, sections=known)
    if bundle is not None:
        pack.check_bundle(bundle)
    return replace(pack, sections={one: known[one] for one in pack.chosen(sections or None)})


def _section(archive: zipfile.ZipFile, name: str, header: PackHeader, section: SectionHeader) -> PackSection:
    ids_file, labels_file, logits_file = section.members[:3]
    shape = (section.n, len(header.labels))
    raw = _hashed(archive, name, ids_file, header.members[ids_file], (MOST_ID_BYTES + 4) * section.n + 16)
    try:
        ids = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name}: {ids_file} is not JSON") from error
    if not isinstance(ids, list) or not all(isinstance(one, str) and one.isprintable() for one in ids):
        raise BundleError(f"{name}: {ids_file} is not a list of names")
    if len(ids) != section.n or len(set(ids)) != section.n:
        raise BundleError(f"{name}: {ids_file} has {len(set(ids))} different names, expected {section.n}")
    labels = _array(archive, name, labels_file, header.members[labels_file], np.dtype(np.uint8), shape)
    logits = _array(archive, name, logits_file, header.members[logits_file], np.dtype(np.float32), shape)
    if labels.max() > 1:
        raise BundleError(f"{name}: {labels_file} holds {labels.max()}, expected 0 and 1")
    if not np.isfinite(logits).all():
        raise BundleError(f"{name}: {logits_file} holds numbers that are not finite")
    return PackSection(header=section, record_ids=tuple(ids), labels=labels, logits=logits)


def _array(
    archive: zipfile.ZipFile, name: str, member: str, digest: str, dtype: np.dtype, shape: tuple[int, ...]
) -> np.ndarray:
    size = int(np.prod(shape)) * dtype.itemsize
    raw = io.BytesIO(_hashed(archive, name, member, digest, size + _NPY_HEADER))
    try:
        version = np.lib.format.read_magic(raw)
        if version != (1, 0):
            raise ValueError(f"version {version} of .npy")
        found_shape, by_column, found = np.lib.format.read_array_header_1_0(raw)
    except (ValueError, EOFError) as error:
        raise BundleError(f"{name}: {member} is no .npy file: {printable(error)}") from error
    data = raw.read()
    # What the file says of itself is compared before any memory is asked for.
    if found_shape != shape or found != dtype or by_column or len(data) != size:
        raise BundleError(f"{name}: {member} is {found} {printable(found_shape)}, expected {dtype} {shape}")
    return np.frombuffer(data, dtype).reshape(shape)


def _hashed(archive: zipfile.ZipFile, name: str, member: str, digest: str, most: int) -> bytes:
    data = _bytes(archive, name, member, most)
    if sha256_bytes(data) != digest:
        raise BundleError(f"{name}: {member} has changed since the pack was made")
    return data


def _bytes(archive: zipfile.ZipFile, name: str, member: str, most: int) -> bytes:
    """A file of the zip, of at most ``most`` bytes whatever it says of itself."""
    try:
        with archive.open(member) as handle:
            data = handle.read(most + 1)
    except _DAMAGED as error:
        raise BundleError(f"{name}: {printable(member)} is damaged: {printable(error)}") from error
    if len(data) > most:
        raise BundleError(f"{name}: {printable(member)} is larger than {most} bytes")
    return data


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise BundleError(f"{path.name} is no evaluation pack, or damaged: {printable(error)}") from error
