"""Label sets: what they hold and refuse, where they come from, and that any number of labels goes through."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from edge_bundles import artefact, make_bundle
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import relabelled, synthetic_source
from vizecg.models import Logits, VizECGNet, VizECGNetConfig
from vizecg.models.peers import PEERS
from vizecg.models.systems import build_system
from vizecg.records.label_files import label_set, parsed_label_set
from vizecg.records.packing import pack_labels, packed_array, unpack_labels
from vizecg.records.splits import SplitRule
from vizecg.records.synthetic import synthetic_record
from vizecg.records.wfdb.write import write_wfdb
from vizecg.scoring.calibrate import fit_decision_rule
from vizecg.scoring.metrics import evaluate_scores
from vizecg.spec import CODE6, BundleError, DecisionRule, Label, LabelSet, UsageError
from vizecg.spec.contract import metadata, statement
from vizecg.spec.labels import MOST_LABELS
from vizecg.spec.manifest import MANIFEST, open_bundle
from vizecg.train.checkpoint import label_set_of
from vizecg.train.losses import training_loss
from vizecg.train.module import TrainingModule
from vizecg.train.settings import resolve, to_yaml
from vizecg_export.data import checkpoint_labels
from vizecg_export.defaults import DEFAULT_CHECKPOINT

pytestmark = pytest.mark.unit

MANY = LabelSet.of_names(f"L{number:03d}" for number in range(MOST_LABELS))
ONE = LabelSet.of_names(["VF"])
OWN = """
name: ward
labels:
  - AF
  - name: flutter
    english: atrial flutter
    portuguese: flutter atrial
    leads: [II, V1]
    scp: [AFLT]
ignored: [urgent]
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "ward.yaml").write_text(OWN)
    return tmp_path / "ward.yaml"


def test_the_default_set_is_code6_in_its_order_with_its_codes() -> None:
    assert CODE6.names == ("1dAVb", "RBBB", "LBBB", "SB", "AF", "ST")
    assert {label.name: label.snomed[0] for label in CODE6.labels} == {
        "1dAVb": "270492004", "RBBB": "713427006", "LBBB": "164909002", "SB": "426177001", "AF": "164889003",
        "ST": "427084000",
    }  # fmt: skip
    assert all(label.english and label.portuguese and label.criteria and label.leads for label in CODE6.labels)
    assert CODE6.labels[4].named == "atrial fibrillation (AF)"


@pytest.mark.parametrize("labels", [CODE6, MANY, ONE], ids=lambda labels: labels.name)
def test_plain_types_and_back(labels: LabelSet) -> None:
    assert LabelSet.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels
    assert LabelSet.from_dict(yaml.safe_load(yaml.safe_dump(labels.to_dict()))) == labels
    assert labels.ignoring(["x"]) == LabelSet.from_dict(labels.ignoring(["x"]).to_dict()) != labels


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "0 labels, expected 1 to 200"),
        ([f"L{n}" for n in range(201)], "201 labels, expected 1 to 200"),
        (["AF", "af"], "AF and af are one name"),
        (["AF", "AF"], "AF and AF are one name"),
        (["macro"], "is none of"),
        (["../x"], "a name has 1 to 40"),
        ([""], "a name has 1 to 40"),
        (["a b"], "a name has 1 to 40"),
        (["é"], "a name has 1 to 40"),
        (["x" * 41], "a name has 1 to 40"),
    ],
)
def test_names_that_cannot_be(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabelSet.of_names(names)


@pytest.mark.parametrize(
    "bad",
    [{"leads": ("V7",)}, {"english": 3}, {"english": "a\nb"}, {"criteria": "x" * 301}, {"scp": "AFIB"}, {"words": "a"}],
)
def test_a_label_holds_what_it_says(bad: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Label(name="AF", **bad)  # type: ignore[arg-type]


def test_a_file_names_labels_or_tells_all_of_them(own: Path) -> None:
    found = label_set(str(own))
    assert (found.name, found.names, found.ignored) == ("ward", ("AF", "flutter"), ("urgent",))
    assert found.labels[0] == CODE6.labels[4], "a name of code6 is that label"
    assert found.labels[1].leads == ("II", "V1")
    assert label_set(["RBBB", "VF"]).labels == (CODE6.labels[1], Label(name="VF"))
    assert parsed_label_set("AF,VF", told="--labels").names == ("AF", "VF")
    assert parsed_label_set("[VF]", told="--labels").names == ("VF",)
    assert label_set("code6") is CODE6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is no YAML"),
        ("3", "expected a list of labels"),
        ("labels: [AF, {name: x, lead: II}]", "lead"),
        ("labels: [true]", "in quotes"),
        ("labels: []", "0 labels"),
        ("other: 1\nlabels: [AF]", "a label set has"),
    ],
)
def test_a_file_that_is_no_set_gives_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(UsageError, match=message) as error:
        label_set(str(tmp_path / "bad.yaml"))
    assert "\n" not in str(error.value)


def test_an_unknown_set_is_not_taken_for_a_label() -> None:
    with pytest.raises(UsageError, match=r"expected code6, a .* file, or a list of names"):
        label_set("code7")


def test_the_configuration_keeps_the_whole_set(own: Path, tmp_path: Path) -> None:
    config = resolve(recipe="small", assignments=[f"labels={own}"])
    assert config.label_set() == label_set(str(own))
    (tmp_path / "run.yaml").write_text(to_yaml(config))
    own.unlink()
    assert resolve(recipe="small", file=tmp_path / "run.yaml") == config
    assert resolve(recipe="small", assignments=["labels=[AF, VF]"]).label_set().names == ("AF", "VF")
    assert resolve(recipe="small").label_set() == CODE6
    with pytest.raises(UsageError, match="mhm follows a tree"):
        resolve(recipe="small", options={"architecture": "mhm"}, assignments=["labels=[AF]"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four synthetic records, of which two columns of labels are kept under names of one's own."""
    write_wfdb(tmp_path / "set", [synthetic_record(n, seed=3, sampling_rate=100.0, duration_s=5) for n in range(8)])
    table = tmp_path / "set/labels.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    kept = [[row[0], row[5], row[2], row[7]] for row in rows]
    kept[0] = ["record", "flutter", "RBBB", "patient_id"]
    table.write_text("\n".join(",".join(row) for row in kept) + "\n")
    return tmp_path / "set"


ALL = SplitRule(val=0, test=0)


def test_a_table_is_read_for_the_labels_asked_for(folder: Path) -> None:
    asked = SourceRequest(root=folder, rule=ALL, labels=LabelSet.of_names(["RBBB", "flutter"]))
    source = build_source("wfdb", asked)
    assert source.labels == ("RBBB", "flutter")
    truth = {f"records/00000/{n:06d}": synthetic_record(n, seed=3, duration_s=5).labels for n in range(8)}
    for item, name in zip(source.items, source.record_ids, strict=True):
        wanted = truth[name]
        assert wanted is not None
        np.testing.assert_array_equal(source.read(item).labels, wanted[[1, 4]])


def test_a_column_that_was_forgotten_is_an_error_that_says_what_to_do(folder: Path) -> None:
    asked = SourceRequest(root=folder, rule=ALL, labels=LabelSet.of_names(["RBBB"]))
    with pytest.raises(UsageError, match=r"'flutter' look like labels .*--ignore-columns flutter"):
        build_source("wfdb", asked)
    assert build_source("wfdb", replace(asked, labels=asked.labels.ignoring(["flutter"]))).labels == ("RBBB",)
    table = folder / "labels.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    table.write_text("\n".join(",".join([row[0], "slow" if n else "note", *row[2:]]) for n, row in enumerate(rows)))
    assert build_source("wfdb", asked).labels == ("RBBB",), "text is no label"


def test_records_of_any_labels_can_be_drawn(folder: Path) -> None:
    source = build_source("wfdb", SourceRequest(root=folder, rule=ALL, unlabelled=True))
    assert len(source) == 8
    assert source.read(source.items[0]).labels is None


def test_records_with_other_labels_are_not_trained_on() -> None:
    with pytest.raises(UsageError, match=r"has the labels 1dAVb, .*, the network VF"):
        synthetic_source(3, seed=0).check_labels(("VF",))


def test_a_table_of_other_labels_is_not_read_as_unknown(folder: Path) -> None:
    with pytest.raises(UsageError, match="no column '1dAVb'"):
        build_source("wfdb", SourceRequest(root=folder, rule=ALL))
    with pytest.raises(UsageError, match="'RBBB', 'flutter' look like labels"):
        build_source("wfdb", SourceRequest(root=folder, rule=ALL, labels=ONE))


def test_the_same_records_with_other_labels_are_other_records(folder: Path) -> None:
    both = SourceRequest(root=folder, rule=ALL, labels=LabelSet.of_names(["RBBB", "flutter"]))
    turned = replace(both, labels=LabelSet.of_names(["flutter", "RBBB"]))
    assert build_source("wfdb", both).fingerprint != build_source("wfdb", turned).fingerprint


def test_synthetic_records_have_any_of_the_six_in_any_order() -> None:
    source = build_source("synthetic", SourceRequest(size=20, labels=label_set(["ST", "AF"])))
    plain = build_source("synthetic", SourceRequest(size=20))
    for item in range(20):
        whole = plain.read(item).labels
        assert whole is not None
        np.testing.assert_array_equal(source.read(item).labels, whole[[5, 4]])
    with pytest.raises(UsageError, match="has no label 'VF' of the label set own: it has 1dAVb"):
        build_source("synthetic", SourceRequest(size=20, labels=ONE))
    with pytest.raises(UsageError, match="name 1dAVb, RBBB, LBBB, SB, ST in it"):
        relabelled(synthetic_source(3, seed=0), label_set(["AF"]))


def test_a_label_without_a_code_is_not_absent_everywhere(tmp_path: Path) -> None:
    for name, vocabulary in (("ptbxl", "scp"), ("challenge", "snomed")):
        with pytest.raises(UsageError, match=f"VF of the label set own has no {vocabulary} code"):
            build_source(name, SourceRequest(root=tmp_path, labels=ONE))


@pytest.mark.parametrize("count", [1, 6, 7, 8, 31, 32, 63, 64, 200])
def test_labels_of_any_number_are_packed(count: int) -> None:
    labels = (np.random.default_rng(count).random((5, count)) < 0.5).astype(np.float32)
    labels[0] = 1
    packed = packed_array([pack_labels(row) for row in labels] + [pack_labels(None)], count)
    for row, bits in zip(labels, packed[:-1], strict=True):
        np.testing.assert_array_equal(unpack_labels(int(bits), count), row)
    assert unpack_labels(int(packed[-1]), count) is None


@pytest.mark.parametrize("labels", [ONE, MANY], ids=["1", "200"])
def test_networks_losses_and_figures_take_any_number(labels: LabelSet) -> None:
    rng, n = np.random.default_rng(0), len(labels)
    sizes = VizECGNetConfig(
        input_height=32, input_width=48, image_widths=(4, 4, 4, 4), signal_widths=(4, 4, 4, 4), width=8, heads=2
    )
    network = VizECGNet(config=sizes, labels=n)
    truth = torch.from_numpy((rng.random((3, n)) < 0.5).astype(np.float32))
    logits = network(torch.randn(3, 12, 128), torch.randn(3, 1, 32, 48))
    terms = training_loss(logits, truth, positive_weight=torch.ones(n), focal_gamma=1.0)
    terms.total.backward()
    assert isinstance(logits, Logits)
    assert torch.isfinite(terms.total)
    assert network.image_stream.head[-1].weight.grad is not None
    scores = rng.normal(size=(60, n))
    known = (rng.random((60, n)) < 0.3).astype(np.float32)
    known[0], known[1] = 1, 0
    rule = fit_decision_rule(scores, known, names=labels.names)
    told = evaluate_scores(
        rule.probabilities(scores), known, thresholds=rule.threshold, bootstraps=3, names=labels.names
    )
    assert len(rule) == len(rule.decide(scores[0])) == len(told["classes"]) == n


@pytest.mark.parametrize("name", [name for name in PEERS if name not in ("mhm", "mobilenet_v3")])
def test_every_peer_takes_another_number(name: str) -> None:
    network = build_system(name, PEERS[name].small_options, labels=3).eval()
    given = torch.randn(1, 1, 64, 96) if PEERS[name].modality.has_image else torch.randn(1, 12, 256)
    with torch.no_grad():
        assert network.get_submodule("network")(given).shape == (1, 3)


@pytest.mark.parametrize("labels", [ONE, MANY], ids=["1", "200"])
def test_a_training_module_validates_any_number(labels: LabelSet) -> None:
    config = resolve(
        recipe="small",
        options={"labels": list(labels.names)},
        assignments=["model.image_widths=[4,4,4,4]", "model.signal_widths=[4,4,4,4]", "model.width=8", "model.heads=2"],
    )
    module = TrainingModule(config=config.model_dump(mode="json"), validation_names=("clean",))
    assert module.hparams["labels"] == list(labels.names)
    metrics = module.metrics["clean_image"]
    metrics.update(torch.rand(6, len(labels)), torch.tensor([0, 1, 0, 1, 1, 0])[:, None].expand(6, len(labels)))
    assert set(metrics.compute()) == {"clean/image_auroc", "clean/image_auprc"}


@pytest.mark.parametrize("labels", [ONE, MANY], ids=["1", "200"])
def test_a_bundle_carries_its_labels(tmp_path: Path, labels: LabelSet) -> None:
    bundle = make_bundle(tmp_path / "b.vizecg", labels=labels)
    assert bundle.manifest.labels == labels
    told = statement(bundle.manifest)
    assert told["labels"][0] == {"name": labels.names[0]}, "words that were left out fall away"
    assert LabelSet.from_dict(told["label_set"]) == labels
    assert "vizecg.label_set" not in metadata(told, "model.onnx")


def test_a_bundle_of_the_old_schema_is_refused_with_the_command_that_makes_it_anew(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b.vizecg")
    data = json.loads((bundle.path / MANIFEST).read_text())
    data |= {"schema_version": 4, "labels": list(CODE6.names)}
    (bundle.path / MANIFEST).write_text(json.dumps(data))
    with pytest.raises(BundleError, match=r"schema 4 is not 5: make the bundle anew with vizecg-export --checkpoint"):
        open_bundle(bundle.path)


def test_a_checkpoint_from_before_there_were_label_sets_is_of_code6() -> None:
    assert label_set_of(DEFAULT_CHECKPOINT) == checkpoint_labels(DEFAULT_CHECKPOINT) == CODE6


def test_a_rule_for_other_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="5 decisions for 6 labels"):
        make_bundle(tmp_path / "b.vizecg", artefact(decision=DecisionRule.plain(5)))
