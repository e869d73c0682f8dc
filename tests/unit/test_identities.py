"""Limb leads that do not fit each other are found, those of honest recorders pass, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vizecg.records import EcgRecord
from vizecg.records.electrodes import exchanged_electrodes
from vizecg.records.identities import LIMB, limb_misfit
from vizecg.records.on_identity import LimbLeadsError, OnIdentity, record_under
from vizecg.records.synthetic import synthesise
from vizecg.spec import LEADS, ExitCode, InputRefusedError
from vizecg.spec.electrodes import Exchange
from vizecg_lab.records.spoilt import RECORDERS, SPOILS

pytestmark = pytest.mark.unit

RATE = 250.0


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [synthesise([], seed=seed, sampling_rate=RATE) for seed in range(4)]


def stored(record: EcgRecord, recorder: str, seed: int) -> np.ndarray:
    by = RECORDERS[recorder]
    rng = np.random.default_rng(seed)
    return record.signal if by is None else by(record.signal, rng, sampling_rate=RATE)


def under(on_identity: OnIdentity, signal: np.ndarray) -> EcgRecord:
    return record_under(on_identity, signal=signal.astype(np.float32), sampling_rate=RATE, record_id="r7")


def gain(lead: str, factor: float) -> Callable[[np.ndarray], np.ndarray]:
    def changed(signal: np.ndarray) -> np.ndarray:
        spoilt = signal.copy()
        spoilt[LEADS.index(lead)] *= factor
        return spoilt

    return changed


@pytest.mark.parametrize("recorder", RECORDERS)
def test_honest_recorders_pass(records: list[EcgRecord], recorder: str) -> None:
    for seed, record in enumerate(records):
        assert limb_misfit(stored(record, recorder, seed)[:6], sampling_rate=RATE) is None


@pytest.mark.parametrize("spoil", [name for name in SPOILS if "chest" not in name])
def test_spoilt_limb_leads_are_found(records: list[EcgRecord], spoil: str) -> None:
    for seed, record in enumerate(records):
        for recorder in ("as they are", "own recorder"):
            signal = SPOILS[spoil](stored(record, recorder, seed), np.random.default_rng(seed))
            with pytest.raises(InputRefusedError, match=r"record r7: (limb leads do not fit|.* flat in the whole)"):
                under(OnIdentity.SKIP, signal)


@pytest.mark.parametrize(
    ("factor", "told"), [(2.0, "2.00 times"), (0.5, "0.50 times"), (-1.0, "-1.00 times"), (0.01, "0.01 times")]
)
def test_the_lead_is_named(records: list[EcgRecord], factor: float, told: str) -> None:
    for lead in LIMB:
        found = limb_misfit(gain(lead, factor)(records[0].signal)[:6], sampling_rate=RATE)
        assert found is not None
        assert found.leads == (lead,)
        assert told in found.what


def test_a_spike_or_a_second_without_an_electrode_does_not_decide(records: list[EcgRecord]) -> None:
    signal = records[1].signal.copy()
    signal[2, 300:320] += 20.0
    signal[5, 1000 : 1000 + int(RATE)] = 0.0
    assert limb_misfit(signal[:6], sampling_rate=RATE) is None


def test_fail_stops_and_keep_goes_on(records: list[EcgRecord]) -> None:
    spoilt = gain("aVL", 3.0)(records[0].signal)
    with pytest.raises(LimbLeadsError, match=r"record r7: limb leads .* aVL is 3\.00 times") as stopped:
        under(OnIdentity.FAIL, spoilt)
    assert stopped.value.exit_code is ExitCode.REFUSED
    kept = under(OnIdentity.KEEP, spoilt)
    np.testing.assert_array_equal(kept.signal, spoilt)
    assert kept.notes[0].message.startswith("kept all the same: limb leads do not fit")
    assert under(OnIdentity.KEEP, records[0].signal).notes == ()


def test_derive_computes_from_i_and_ii_unless_these_are_in_doubt(records: list[EcgRecord]) -> None:
    derived = under(OnIdentity.DERIVE, gain("aVF", -1.0)(records[0].signal))
    np.testing.assert_allclose(derived.signal, records[0].signal, atol=1e-5)
    assert "computed from I and II" in derived.notes[0].message
    for spoilt in (gain("II", 2.0)(records[0].signal), records[0].signal[[1, 0, *range(2, 12)]]):
        with pytest.raises(InputRefusedError, match="cannot be derived, for I or II is in doubt"):
            under(OnIdentity.DERIVE, spoilt)


def test_exchanged_electrodes_obey_the_identities_and_are_told(records: list[EcgRecord]) -> None:
    for record in records:
        assert exchanged_electrodes(record) is None
        i, ii, iii, avr, avl, avf, *chest = record.signal
        arms = np.stack([-i, iii, ii, avl, avr, avf, *chest])
        swapped = EcgRecord(signal=arms, sampling_rate=RATE, record_id="arms")
        assert exchanged_electrodes(swapped) is Exchange.ARMS
