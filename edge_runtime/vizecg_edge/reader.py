"""Photographs read from Python: the promised face of this package, see ``Reader``."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from vizecg.spec import UsageError
from vizecg_edge.answer import Answer
from vizecg_edge.backends.kinds import BackendKind
from vizecg_edge.capture import Shot, Source, shots_of
from vizecg_edge.chosen import chosen_sheet
from vizecg_edge.judge.rate_limits import RateLimits
from vizecg_edge.kept import keep
from vizecg_edge.pages import read_pages
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.process import limited_threads
from vizecg_edge.vouch.kinds import SignaturePolicy


class Reader:
    """Reads photographs of printed 12-lead ECGs with one bundle, in one engine, loaded once.

    Several threads may share one: each gets the answer that it would get alone. Reading leaves the process as it is:
    how many threads OpenCV and numpy take, the environment, warnings; but see ``threads``.

    Args:
        bundle: folder of the bundle; None takes the shipped one.
        backend: the engine, as ``vizecg-edge run --backend`` names them; ``auto`` takes the best of this device.
        threads: how many the engine computes with; OpenCV and numpy's BLAS, which have one number for the whole
            process, are held to as many while a picture is read. None: one per core for the engine, and OpenCV and
            BLAS as they are.
        check: whether a bundle that is new to this device must give its golden answers first, which is remembered.
        trust: file or folder of public keys, by one of which the bundle must be signed.
        signature: ``require``, ``warn`` or ``off``, as ``vizecg-edge run --signature`` has them; None is the same as
            there.
        rate_limits: beats a minute below and above which sinus rhythm is called slow and fast, by the rate that is
            measured, such as (60, 100); None leaves it to the network.

    Raises:
        UsageError: no such backend, threads below 1, rates that cannot be limits, or an argument of another type.
        MissingToolError: the engine's libraries are missing; the message names the command that adds them.
        BundleError: no bundle there, damaged or changed, signed by nobody who is trusted, or nothing in it loads here
            and gives its golden answers.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str] | None = None,
        backend: str = "auto",
        threads: int | None = None,
        *,
        check: bool = True,
        trust: str | os.PathLike[str] | None = None,
        signature: str | None = None,
        rate_limits: tuple[float, float] | None = None,
    ) -> None:
        if not (bundle is None or isinstance(bundle, (str, os.PathLike))):
            raise UsageError(f"bundle: expected the path of a folder or None, got {type(bundle).__name__}")
        if not (trust is None or isinstance(trust, (str, os.PathLike))):
            raise UsageError(f"trust: expected the path of a file or folder or None, got {type(trust).__name__}")
        if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
            raise UsageError(f"threads: expected a whole number from 1 on, or None, got {threads!r}")
        self._threads = threads
        self._pipeline = Pipeline(
            bundle=None if bundle is None else Path(os.fsdecode(bundle)), backend=_kind(backend), threads=threads or 0,
            check=check, trust=None if trust is None else Path(os.fsdecode(trust)), signature=_policy(signature),
            rate_limits=_limits(rate_limits),
        )  # fmt: skip
        self._opening = threading.Lock()

    def __repr__(self) -> str:
        one = self._pipeline.bundle_id
        return f"<Reader of {one.name} {one.sha256[:12]}, {one.artefact} in {one.backend}>"

    def read(self, source: Source, *, sheet: int | None = None) -> Answer:
        """Answer one picture; of a source of several pages (PDF, TIFF) the first, see ``read_all``.

        What cannot be answered gives a refused answer, never an exception: not an ECG, blurred, damaged, a format
        whose extra is not installed, also a path where nothing is (its reason is ``file_not_found``).

        The pixels decide, not what holds them: path, bytes, open file, image and array give equal answers. One thing
        differs: a JPEG of 3800 pixels or more is read from its file at half its size or less, which a decoder does in
        half the time, and from an array, or a PIL image that is loaded already, whole; probabilities then differ by
        about 0.001, by 0.013 at most on the pictures we tried.

        Args:
            source: path (str or Path); bytes of a file; a file open in binary mode, which is read from its beginning
                and not closed; a PIL image, which is turned by its EXIF orientation and laid on white where it is
                transparent; or an upright RGB array uint8 (H, W, 3). OpenCV's arrays are BGR: give
                ``array[..., ::-1]``.
            sheet: which to read where the picture shows several, from 1, row by row from the left; None refuses
                such a picture.

        Raises:
            UsageError: it is nothing of these: another type, another shape, another kind of numbers.
            BundleError: the engine stopped.
        """
        return self._answer(chosen_sheet(next(self._shots(source)), sheet))

    def read_all(self, source: Source, *, sheet: int | None = None) -> Iterator[Answer]:
        """Answer every page of a source, one after the other as they are asked for; of one without pages, its picture.

        Args:
            source, sheet: as for ``read``.

        Raises:
            UsageError, BundleError: as for ``read``.
        """
        return map(self._answer, (chosen_sheet(shot, sheet) for shot in self._shots(source)))

    def read_pages(self, sources: Sequence[Source]) -> Answer:
        """Answer the pages of one record together: photographs of its limb and of its chest leads, or a PDF of both.

        Each page is found, read and judged on its own; all of their leads make one answer. It is refused where a page
        is, and where they do not complete one another: a lead is on two of them, or their heart rates differ.

        Args:
            sources: as for ``read``, each with all of its pages; from 2 to 4 pages together.

        Raises:
            UsageError: fewer pages, or more, or a source as for ``read``.
            BundleError: the engine stopped.
        """
        if isinstance(sources, (str, bytes, bytearray, memoryview, os.PathLike)):
            raise UsageError("expected a list of pages: [first, second], or [file] for all pages of a file")
        shots = [shot for source in sources for shot in self._shots(source)]
        with self._limit():
            return keep(self._pipeline, read_pages(self._pipeline, shots))

    def _shots(self, source: Source) -> Iterator[Shot]:
        # Two threads may have been given one open file, or one image, whose pixels are not loaded.
        with self._opening:
            return shots_of(source)

    def _answer(self, shot: Shot) -> Answer:
        with self._limit():
            return keep(self._pipeline, self._pipeline.run_shot(shot))

    def _limit(self) -> AbstractContextManager[None]:
        return nullcontext() if self._threads is None else limited_threads(self._threads)


def _policy(signature: str | None) -> SignaturePolicy | None:
    known = [policy.value for policy in SignaturePolicy]
    if signature is not None and signature not in known:
        raise UsageError(f"signature: expected one of {', '.join(known)}, or None, got {signature!r}")
    return None if signature is None else SignaturePolicy(signature)


def _kind(backend: str) -> BackendKind:
    known = [kind.value for kind in BackendKind]
    if backend not in known:
        raise UsageError(f"backend: expected one of {', '.join(known)}, got {backend!r}")
    return BackendKind(backend)


def _limits(given: tuple[float, float] | None) -> RateLimits | None:
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise UsageError(f"rate_limits: expected two rates such as (60, 100), or None, got {given!r}")
    return RateLimits(slow_bpm=given[0], fast_bpm=given[1])
