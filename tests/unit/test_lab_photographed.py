"""Photographs of known records: how they are taken, and how answers to them are scored."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vizecg.data.source import synthetic_source
from vizecg.spec import CODE6, Condition, UsageError
from vizecg.train.evaluation.predict import Predictions
from vizecg_lab.photographed.answers import Truth, read_answers, read_truth
from vizecg_lab.photographed.compare import compare
from vizecg_lab.photographed.make import PhotographsRequest, make_photographs

pytestmark = pytest.mark.unit


def test_photographs_are_taken_once_and_carry_their_labels(tmp_path: Path) -> None:
    source = synthetic_source(3, seed=4)
    request = PhotographsRequest(source=source, out=tmp_path, condition=Condition.PHOTO)
    assert make_photographs(request) == 3
    pictures = sorted(tmp_path.glob("*.jpg"))
    assert [picture.stem for picture in pictures] == sorted(source.record_ids)
    page = cv2.imread(str(pictures[0]))
    assert min(page.shape[:2]) > 600
    rows = list(csv.DictReader((tmp_path / "labels.csv").read_text().splitlines()))
    for row, item in zip(rows, source.items, strict=True):
        labels = source.read(item).labels
        assert labels is not None
        assert [int(row[name]) for name in CODE6.names] == labels.astype(int).tolist()
    pictures[0].write_bytes(b"kept")
    pictures[1].unlink()
    first = pictures[2].read_bytes()
    assert make_photographs(request) == 3
    assert pictures[0].read_bytes() == b"kept"
    assert pictures[2].read_bytes() == first
    assert read_truth(tmp_path, names=CODE6.names).photos == tuple(source.record_ids)


def truth(n: int = 400) -> Truth:
    rng = np.random.default_rng(1)
    return Truth(
        names=CODE6.names,
        photos=tuple(f"r{at:03d}" for at in range(n)),
        labels=(rng.random((n, len(CODE6))) < 0.2).astype(np.int64),
        patients=tuple(f"p{at // 2}" for at in range(n)),
    )


def lines(known: Truth, *, noise: float, refused: Sequence[int] = (), undecided: Sequence[int] = ()) -> str:
    """What the edge prints: the right answers with some noise."""
    rng = np.random.default_rng(2)
    said = []
    for at, photo in enumerate(known.photos):
        line: dict[str, Any] = {"input": {"path": f"elsewhere/{photo}.jpg"}, "measured": {"rate_bpm": 60.0 + at}}
        scores = np.clip(known.labels[at] * 0.6 + 0.2 + rng.normal(0, noise, len(CODE6)), 0.01, 0.99)
        if at in refused:
            line |= {"status": "refused", "reasons": ["blurred"], "probabilities": None, "decisions": None}
            line["measured"] = None
        else:
            decisions = dict(zip(known.names, (scores >= 0.5).tolist(), strict=True))
            if at in undecided:
                decisions = dict.fromkeys(known.names)
            probabilities = dict(zip(known.names, scores.tolist(), strict=True))
            line |= {"status": "answered", "reasons": [], "probabilities": probabilities, "decisions": decisions}
        said.append(json.dumps(line))
    return "\n".join(said) + "\n"


def test_refused_and_undecided_positives_are_missed(tmp_path: Path) -> None:
    """A system that is right wherever it answers has lost the recall of what it does not answer, and nothing else."""
    known = truth()
    (tmp_path / "right.jsonl").write_text(lines(known, noise=0.0))
    (tmp_path / "silent.jsonl").write_text(lines(known, noise=0.0, refused=range(40), undecided=range(40, 100)))
    answers = [read_answers(tmp_path / f"{name}.jsonl", known) for name in ("right", "silent")]
    assert answers[1].reasons[0] == "blurred"
    assert answers[0].rates_bpm[3] == 63.0
    assert np.isnan(answers[1].rates_bpm[3])
    figures = compare(known, answers, [], out=tmp_path / "photographed.json")
    told = figures["answers"]
    assert told["right"]["macro"]["f1"]["value"] == 1.0
    assert told["silent"]["macro"]["precision"]["value"] == 1.0
    recall = {name: 1 - known.labels[:100, at].sum() / known.labels[:, at].sum() for at, name in enumerate(known.names)}
    for name, expected in recall.items():
        assert told["silent"]["classes"][name]["recall"]["value"] == pytest.approx(expected, abs=1e-5)
    assert told["silent"]["minus_first"]["macro"]["recall"]["high"] < 0
    assert told["silent"]["answered"] == 0.9
    assert told["silent"]["decided"]["RBBB"] == 0.75
    assert told["silent"]["refused"] == {"blurred": 40}
    assert (figures["photographs"], figures["answered_by_all"]) == (400, 360)
    # What is ranked is ranked among what all of them answered.
    assert figures["systems"]["silent"]["ranked"]["macro"]["auprc"]["value"] == 1.0


def test_the_surest_misses_come_first_and_streams_stand_beside(tmp_path: Path) -> None:
    known = truth()
    (tmp_path / "noisy.jsonl").write_text(lines(known, noise=0.3))
    answers = read_answers(tmp_path / "noisy.jsonl", known)
    order = np.random.default_rng(3).permutation(len(known.photos))[:300]
    said = Predictions(
        record_ids=tuple(known.photos[at] for at in order), patient_ids=(None,) * 300,
        logits=(known.labels[order] * 6.0 - 3.0), labels=known.labels[order], refused={},
    )  # fmt: skip
    figures = compare(known, [answers], [("stream", "10 s", said)], out=None)
    assert figures["answered_by_all"] == 300
    assert figures["systems"]["stream"]["ranked"]["macro"]["auprc"]["value"] == 1.0
    assert figures["systems"]["stream"]["ranked"]["minus_first"]["macro"]["auprc"]["low"] > 0
    for at, name in enumerate(known.names):
        missed = figures["answers"]["noisy"]["missed"][name]
        assert missed == sorted(missed, key=lambda one: one[1])
        places = [known.photos.index(photo) for photo, _ in missed]
        assert known.labels[places, at].all()
        assert (answers.decisions[places, at] == 0).all()


def test_answers_to_other_photographs_are_refused(tmp_path: Path) -> None:
    known = truth(20)
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(lines(known, noise=0.1).splitlines()[:15]))
    with pytest.raises(UsageError, match="says nothing of r015 and 4 more of 20"):
        read_answers(path, known)
    path.write_text("no answers")
    with pytest.raises(UsageError, match="holds no answers"):
        read_answers(path, known)
    with pytest.raises(UsageError, match="expected a folder that"):
        read_truth(tmp_path, names=CODE6.names)
    (tmp_path / "labels.csv").write_text("photo,RBBB\nx.jpg,0\n")
    with pytest.raises(UsageError, match="has no column 1dAVb"):
        read_truth(tmp_path, names=CODE6.names)
