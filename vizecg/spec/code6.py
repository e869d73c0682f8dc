"""The label set of CODE-15% and of the paper, which every command takes where none is named."""

from __future__ import annotations

from dataclasses import replace

from vizecg.spec.labels import Label, LabelSet, Limits

# Left out of the codes on purpose: incomplete right bundle branch block (713426002, IRBBB) has a QRS below 120 ms and
# is no RBBB of the set; atrial flutter (164890007, AFLT) has its own rhythm and its own waves and is no AF.
CODE6 = LabelSet(
    name="code6",
    labels=(
        Label(
            name="1dAVb",
            english="first-degree AV block",
            portuguese="bloqueio atrioventricular de primeiro grau",
            criteria="PR of more than 200 ms, one P before every QRS",
            leads=("II", "V1"),
            needs_time=True,
            scp=("1AVB",),
            snomed=("270492004",),
            limits=Limits(quantity="pr_ms", absent_below=180, present_from=230, criterion=200),
        ),
        Label(
            name="RBBB",
            english="right bundle branch block",
            portuguese="bloqueio de ramo direito",
            criteria="QRS of 120 ms or more, rSR' in V1 and V2, wide S in I and V6",
            leads=("V1", "V2", "I", "V6"),
            needs_time=True,
            scp=("CRBBB",),
            snomed=("713427006", "59118001"),  # complete, unspecified
            # Of PTB-XL's fold 9, 6 of 2,170 records are decided to be RBBB with less, 2 of them wrongly.
            limits=Limits(quantity="qrs_ms", absent_below=110),
        ),
        Label(
            name="LBBB",
            english="left bundle branch block",
            portuguese="bloqueio de ramo esquerdo",
            criteria="QRS of 120 ms or more, broad notched R and no q in I, aVL, V5 and V6, deep S in V1",
            leads=("V1", "V2", "I", "aVL", "V5", "V6"),
            needs_time=True,
            scp=("CLBBB",),
            snomed=("164909002", "733534002"),  # unspecified, complete
            limits=Limits(quantity="qrs_ms", absent_below=110),
        ),
        Label(
            name="SB",
            english="sinus bradycardia",
            portuguese="bradicardia sinusal",
            criteria="sinus rhythm of fewer than 50 to 60 beats a minute",
            leads=("II", "V1"),
            needs_rate=True,
            scp=("SBRAD",),
            snomed=("426177001",),
            limits=Limits(quantity="sinus_rate_bpm", present_below=50, absent_from=60),
        ),
        Label(
            name="AF",
            english="atrial fibrillation",
            portuguese="fibrilação atrial",
            criteria="irregular RR intervals, no P, f waves",
            leads=("II", "V1"),
            scp=("AFIB",),
            snomed=("164889003",),
            # At no rate: a regular rhythm with a P wave before every QRS is not fibrillation.
            limits=Limits(quantity="sinus_rate_bpm", absent_from=0, irregular=True),
        ),
        Label(
            name="ST",
            english="sinus tachycardia",
            portuguese="taquicardia sinusal",
            criteria="sinus rhythm of more than 100 beats a minute",
            leads=("II", "V1"),
            needs_rate=True,
            scp=("STACH",),
            snomed=("427084000",),
            # The labels of PTB-XL begin at 102, as rates are measured here.
            limits=Limits(quantity="sinus_rate_bpm", absent_below=95, present_from=110, criterion=102),
        ),
    ),
)


def with_limits(labels: LabelSet) -> LabelSet:
    """The set with the limits of ``CODE6``, where it is that set as it was written before it had these."""
    if labels.labels != CODE6.labels:
        return labels
    own, bare = ([label.limits for label in one] for one in (labels.labels, CODE6.labels))
    before = [
        None if limits is None or limits.quantity == "qrs_ms" else replace(limits, criterion=None, irregular=False)
        for limits in bare
    ]
    return replace(labels, labels=CODE6.labels) if own in (before, [None] * len(own)) else labels
