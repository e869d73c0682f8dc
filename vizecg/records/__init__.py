"""Where ECGs come from: the canonical record and its sources."""

from vizecg.records.record import EcgRecord, bad_record, check_signal
from vizecg.records.resample import resample

__all__ = ["EcgRecord", "bad_record", "check_signal", "resample"]
