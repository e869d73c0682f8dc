"""Damaged and hostile pictures and bundles: the edge answers, refuses with a reason, or raises its own errors."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from vizecg.spec import ParityError
from vizecg.spec.files import write_atomically
from vizecg.spec.manifest import MANIFEST, open_bundle
from vizecg.spec.results import write_result
from vizecg_lab.fuzzing.cases import Case, Target, make_cases
from vizecg_lab.fuzzing.targets import Outcome, Runner
from vizecg_lab.fuzzing.worker import CaseLimits, Ran, Worker

KEPT_OF_ONE_FAULT = 3


@dataclass(kw_only=True)
class Tally:
    """What a run has come to so far."""

    said: dict[str, Counter[str]] = field(default_factory=dict)
    faults: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    noise: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[int, str] = (0, "")

    def add(self, case: Case, ran: Ran) -> bool:
        """Count a case; whether it is one of the first of its fault."""
        self.said.setdefault(case.target.value, Counter())[ran.outcome.said] += 1
        self.slowest = max(self.slowest, (round(ran.seconds, 2), case.name))
        self.largest = max(self.largest, (ran.memory_mib, case.name))
        if ran.noise.strip():
            self.noise[ran.noise.strip().splitlines()[0][:100]] += 1
        if ran.outcome.fault is None:
            return False
        same = self.faults.setdefault(ran.outcome.fault, [])
        same.append({"case": case.name, "target": case.target.value, "seconds": round(ran.seconds, 2),
                     "memory_mib": ran.memory_mib})  # fmt: skip
        return len(same) <= KEPT_OF_ONE_FAULT

    @property
    def cases(self) -> int:
        """How many were run."""
        return sum(counts.total() for counts in self.said.values())

    def figures(self) -> dict[str, Any]:
        """For the result file."""
        return {
            "outcomes": {target: dict(counts.most_common()) for target, counts in sorted(self.said.items())},
            "findings": [{"fault": fault, "cases": len(same), "first": same[:KEPT_OF_ONE_FAULT]}
                         for fault, same in sorted(self.faults.items(), key=lambda item: -len(item[1]))],
            "written_to_stderr": dict(self.noise.most_common(20)),
            "slowest": {"seconds": self.slowest[0], "case": self.slowest[1]},
            "largest": {"memory_mib": self.largest[0], "case": self.largest[1]},
        }  # fmt: skip


def measure_fuzz(
    *, count: int, seed: int, limits: CaseLimits, bundle: Path | None, keep: Path | None, out: Path | None
) -> dict[str, Any]:
    """Run ``count`` cases in a process of their own, and tell what came of them.

    Args:
        count: every seed as it is, then mutations.
        seed: decides the mutations.
        limits: of one case.
        bundle: what answers and is mutated; None takes the shipped one.
        keep: folder for the files that show a finding.
        out: file of the figures.

    Raises:
        ParityError: there are findings.
        BundleError: the bundle itself is damaged.
    """
    from vizecg_edge.pipeline import DEFAULT_BUNDLE

    bundle = bundle or DEFAULT_BUNDLE
    content = bundle_content(bundle)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        start = partial(start_runner, Path(folder), bundle)
        with Worker(start=start, limits=limits) as worker:
            cases = make_cases(count, seed=seed, bundle_files=content)
            # Ctrl-C ends the search, and what was found so far is told.
            with suppress(KeyboardInterrupt):
                for case in track(cases, total=count, description="cases", console=Console(stderr=True)):
                    ran = worker.run(case)
                    if tally.add(case, ran) and keep is not None:
                        keep_case(keep, case, ran)
    count = tally.cases
    figures = {"cases": count, "seed": seed, "seconds_limit": limits.seconds, "memory_limit_mib": limits.memory_mib,
               "processes": worker.started, **tally.figures()}  # fmt: skip
    print(json.dumps(figures))
    write_result(out, kind="fuzz", figures=figures)
    if tally.faults:
        listed = "; ".join(f"{fault} ({len(same)})" for fault, same in list(tally.faults.items())[:3])
        raise ParityError(f"{len(tally.faults)} kinds of findings in {count} cases: {listed}")
    return figures


def bundle_content(bundle: Path) -> dict[str, bytes]:
    """name -> content of every file of a bundle that is verified, and of its manifest.

    Raises:
        BundleError: it is damaged.
    """
    names = sorted(open_bundle(bundle).manifest.files)
    return {name: (bundle / name).read_bytes() for name in (MANIFEST, *names)}


def start_runner(folder: Path, bundle: Path) -> Callable[[Case], Outcome]:
    """What the worker runs."""
    return Runner(folder=folder, bundle=bundle).run


def keep_case(keep: Path, case: Case, ran: Ran) -> None:
    """Save what shows a finding: the file, and beside it what came of it."""
    name = case.part if case.target is Target.BUNDLE and case.part else case.suffix
    stem = f"{case.target.value.replace(' ', '-')}-{case.name}"
    write_atomically(keep / f"{stem}{name if name.startswith('.') else '-' + name}", case.data)
    told = (
        f"{ran.outcome.fault}\n{ran.seconds:.2f} s, {ran.memory_mib} MiB, said {ran.outcome.said}\n{ran.outcome.trace}"
    )
    write_atomically(keep / f"{stem}.txt", told + ran.noise)
