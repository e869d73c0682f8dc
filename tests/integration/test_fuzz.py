"""The fuzzer of the edge: what it makes, what it notices, and a quick run of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import fuzz_stand_in
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_lab.fuzzing import seeds
from vizecg_lab.fuzzing.cases import Case, Target, make_cases, mutated_case
from vizecg_lab.fuzzing.command import Tally, bundle_content, keep_case
from vizecg_lab.fuzzing.hostile import hostile_seeds
from vizecg_lab.fuzzing.targets import Outcome, Runner
from vizecg_lab.fuzzing.worker import CaseLimits, Worker

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def small_pictures() -> Iterator[None]:
    """Quick ones, just large enough to be looked at."""
    for made in (seeds.scene, seeds.picture_seeds, hostile_seeds):
        made.cache_clear()
    before, seeds.WIDTH_PX = seeds.WIDTH_PX, 640
    yield
    seeds.WIDTH_PX = before
    for made in (seeds.scene, seeds.picture_seeds, hostile_seeds):
        made.cache_clear()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(folder=tmp_path_factory.mktemp("cases"), bundle=DEFAULT_BUNDLE)


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    return bundle_content(DEFAULT_BUNDLE)


def stand_in(name: str) -> Case:
    return Case(name=name, target=Target.PICTURE, suffix=".jpg", data=b"")


def test_damaged_files_are_answered_or_refused(runner: Runner, content: dict[str, bytes]) -> None:
    said: Counter[str] = Counter()
    for case in make_cases(120, seed=7, bundle_files=content, heavy=False):
        outcome = runner.run(case)
        assert outcome.fault is None, f"{case.name}: {outcome.fault}\n{outcome.trace}"
        said[outcome.said] += 1
    # Mutation leaves some as they were, and some that get far: so small, few of them are answered.
    assert said["unreadable"] > 25
    assert {"BundleError", "too_small", "no_grid"} <= set(said)
    assert said.total() - said["unreadable"] - said["too_small"] - said["BundleError"] > 10


def test_headers_that_claim_much_are_refused_at_once(runner: Runner) -> None:
    claims = [one for one in hostile_seeds() if one.name.startswith("claim-") and one.suffix != ".pdf"]
    assert len(claims) == 8
    for one in claims:
        outcome = runner.run(Case(name=one.name, target=Target.PICTURE, suffix=one.suffix, data=one.data))
        assert (outcome.said, outcome.fault) == ("unreadable", None), one.name


def test_a_case_is_the_same_every_time(content: dict[str, bytes]) -> None:
    first = [mutated_case(number, seed=3, bundle_files=content, heavy=False) for number in range(20)]
    assert first == [mutated_case(number, seed=3, bundle_files=content, heavy=False) for number in range(20)]
    assert first != [mutated_case(number, seed=4, bundle_files=content, heavy=False) for number in range(20)]


def test_what_a_case_may_not_do_is_a_fault(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(name="any", target=Target.MANIFEST, suffix=".json", data=b"{}")
    assert runner.run(case) == Outcome(said="BundleError")

    def broken(text: str) -> None:
        raise KeyError("labels")

    line = broken.__code__.co_firstlineno + 1

    monkeypatch.setattr("vizecg_lab.fuzzing.targets.Manifest.from_json", broken)
    assert runner.run(case).fault == f"KeyError at test_fuzz.py:{line}: 'labels'"


def test_a_worker_that_dies_hangs_or_takes_too_much_is_a_finding(tmp_path: Path) -> None:
    limits = CaseLimits(seconds=1.0, memory_mib=150)
    tally = Tally()
    with Worker(start=fuzz_stand_in.start, limits=limits) as worker:
        found = {}
        for name in ("fine", "crash", "greed", "noise", "loop", "leave", "fine again"):
            found[name] = worker.run(stand_in(name))
            if tally.add(stand_in(name), found[name]):
                keep_case(tmp_path, stand_in(name), found[name])
        assert worker.started == 4
    assert {name: ran.outcome.fault for name, ran in found.items()} == {
        "fine": None,
        "crash": "the process died of SIGSEGV",
        "greed": "over 150 MiB of memory",
        "noise": None,
        "loop": "no answer within 1 s",
        "leave": "the process ended with code 3",
        "fine again": None,
    }
    assert found["noise"].noise == "a library complains\n"
    assert found["noise"].memory_mib < 150
    assert [finding["cases"] for finding in tally.figures()["findings"]] == [1, 1, 1, 1]
    assert {path.name for path in tmp_path.iterdir()} >= {"picture-crash.jpg", "picture-crash.txt"}
