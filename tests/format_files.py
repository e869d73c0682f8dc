"""Records in the files of recorders, as small as their readers allow: what the tests read in place of real ones."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vizecg.records import EcgRecord
from vizecg.spec import LEADS

STEP_UV = 1.0
"""Microvolts of a step, in every format."""
_CODES = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64} | {f"V{n}": 2 + n for n in range(1, 7)}
"""Of the leads in SCP-ECG, and in what took them from there."""


def _units(record: EcgRecord) -> np.ndarray:
    """int16 (12, samples), a microvolt each."""
    return np.rint(record.signal * 1000 / STEP_UV).astype("<i2")


def _rate(record: EcgRecord) -> int:
    return int(record.sampling_rate)


def write_hl7_aecg(path: Path, record: EcgRecord) -> None:
    """HL7 annotated ECG: integers with a scale."""
    leads = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value><origin value="0" unit="uV"/>'
        f'<scale value="{STEP_UV:g}" unit="uV"/><digits>{" ".join(map(str, row))}</digits></value></sequence>'
        "</component>"
        for lead, row in zip(LEADS, _units(record), strict=True)
    )
    time = (
        '<component><sequence><code code="TIME_ABSOLUTE"/><value><head value="20200101"/>'
        f'<increment value="{1 / record.sampling_rate:g}" unit="s"/></value></sequence></component>'
    )
    path.write_text(
        '<?xml version="1.0"?><AnnotatedECG xmlns="urn:hl7-org:v3"><component><series><code code="RHYTHM"/>'
        f"<component><sequenceSet>{time}{leads}</sequenceSet></component></series></component></AnnotatedECG>"
    )


def write_muse(path: Path, record: EcgRecord) -> None:
    """GE MUSE XML: eight leads, as its recorders store."""
    leads = "".join(
        f"<LeadData><LeadID>{lead}</LeadID><LeadAmplitudeUnitsPerBit>{STEP_UV:g}</LeadAmplitudeUnitsPerBit>"
        "<LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadSampleSize>2</LeadSampleSize>"
        f"<WaveFormData>{base64.b64encode(row.tobytes()).decode()}</WaveFormData></LeadData>"
        for lead, row in zip(LEADS, _units(record), strict=True)
        if lead in ("I", "II") or lead.startswith("V")
    )
    path.write_text(
        f"<?xml version='1.0'?><RestingECG><Waveform><WaveformType>Rhythm</WaveformType><SampleBase>{_rate(record)}"
        f"</SampleBase><SampleExponent>0</SampleExponent>{leads}</Waveform></RestingECG>"
    )


def write_mortara(path: Path, record: EcgRecord) -> None:
    """Mortara ELI XML."""
    channels = "".join(
        f'<CHANNEL NAME="{lead}" SAMPLE_FREQ="{_rate(record)}" UNITS_PER_MV="{1000 / STEP_UV:g}" BITS="16"'
        f' FORMAT="SIGNED" ENCODING="BASE64" DATA="{base64.b64encode(row.tobytes()).decode()}"/>'
        for lead, row in zip(LEADS, _units(record), strict=True)
    )
    path.write_text(f'<?xml version="1.0"?><ECG ACQUISITION_TIME="20200101000000">{channels}</ECG>')


def write_sierra(path: Path, record: EcgRecord) -> None:
    """Philips Sierra XML, not compressed."""
    data = base64.b64encode(_units(record).tobytes()).decode()
    path.write_text(
        '<?xml version="1.0"?><restingecgdata xmlns="http://www3.medical.philips.com"><documentinfo><documenttype>'
        "PhilipsECG</documenttype><documentversion>1.04</documentversion></documentinfo><dataacquisition>"
        f"<signalcharacteristics><samplingrate>{_rate(record)}</samplingrate><resolution>{STEP_UV:g}</resolution>"
        "<numberchannelsallocated>12</numberchannelsallocated></signalcharacteristics></dataacquisition><waveforms>"
        f'<parsedwaveforms dataencoding="Base64" durationperchannel="{1000 * record.duration_s:g}" leadlabels="'
        f'{" ".join(LEADS)}" numberofleads="12">{data}</parsedwaveforms></waveforms></restingecgdata>'
    )


def write_scp(path: Path, record: EcgRecord) -> None:
    """SCP-ECG 2.0 without compression: sections 0, 1, 3 and 6."""
    units = _units(record)
    count = units.shape[1]
    definitions = b"".join(struct.pack("<IIB", 1, count, _CODES[lead]) for lead in LEADS)
    rhythm = struct.pack("<HHBB", round(1000 * STEP_UV), round(1e6 / record.sampling_rate), 0, 0)
    rhythm += struct.pack("<12H", *[2 * count] * 12) + units.tobytes()
    bodies = {1: b"\xff\x00\x00", 3: bytes([12, 0b100]) + definitions, 6: rhythm}

    def section(number: int, body: bytes, reserved: bytes = bytes(6)) -> bytes:
        rest = struct.pack("<HIBB", number, 16 + len(body), 20, 20) + reserved + body
        return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest

    sections = {number: section(number, body) for number, body in bodies.items()}
    pointers_length = 16 + 10 * (1 + len(sections))
    place, table = 7 + pointers_length, [(0, pointers_length, 7)]
    for number, content in sections.items():
        table.append((number, len(content), place))
        place += len(content)
    head = section(0, b"".join(struct.pack("<HII", *row) for row in table), b"SCPECG")
    content = head + b"".join(sections.values())
    rest = struct.pack("<I", 6 + len(content)) + content
    path.write_bytes(struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest)


def write_dicom(path: Path, record: EcgRecord) -> None:
    """DICOM 12-lead ECG waveform storage."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    group = Dataset()
    group.MultiplexGroupLabel, group.WaveformOriginality = "RHYTHM", "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = 12, record.signal.shape[1]
    group.SamplingFrequency = str(_rate(record))
    channels = []
    for lead in LEADS:
        source, unit, channel = Dataset(), Dataset(), Dataset()
        source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = (
            f"5.6.3-9-{_CODES[lead]}",
            "SCPECG",
            f"Lead {lead}",
        )
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
        channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = Sequence([source]), Sequence([unit])
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = str(STEP_UV), "1"
        channel.ChannelBaseline, channel.WaveformBitsStored = "0", 16
        channels.append(channel)
    group.ChannelDefinitionSequence = Sequence(channels)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformData = np.ascontiguousarray(_units(record).T).tobytes()
    found = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    found.SOPClassUID, found.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    found.Modality, found.WaveformSequence = "ECG", Sequence([group])
    found.save_as(path, enforce_file_format=True)


def write_edf(path: Path, record: EcgRecord) -> None:
    """EDF+, physical values in 16 bits."""
    from edfio import Edf, EdfSignal

    signals = [
        EdfSignal(
            row.astype(np.float64), sampling_frequency=record.sampling_rate, label=f"ECG {lead}",
            physical_dimension="mV", physical_range=(-32.767, 32.767), digital_range=(-32767, 32767),
        )
        for lead, row in zip(LEADS, record.signal, strict=True)
    ]  # fmt: skip
    Edf(signals).write(path)


def write_mfer(path: Path, record: EcgRecord) -> None:
    """MFER: definitions one after the other, and one frame of all channels."""

    def told(tag: int, value: bytes) -> bytes:
        size = len(value)
        return bytes([tag, size]) + value if size < 128 else bytes([tag, 0x84]) + struct.pack(">I", size) + value

    units = _units(record)
    content = told(0x40, b"MFR " + bytes(28)) + told(0x01, b"\x01")
    content += told(0x0B, struct.pack("<BbH", 0, 0, _rate(record)))
    content += told(0x0C, struct.pack("<BbH", 0, -6, 1)) + told(0x0A, b"\x00") + told(0x08, struct.pack("<H", 1))
    content += told(0x05, struct.pack("<B", 12)) + told(0x04, struct.pack("<I", units.shape[1]))
    for number, lead in enumerate(LEADS):
        inner = told(0x09, struct.pack("<H", _CODES[lead]))
        content += bytes([0x3F, number, len(inner)]) + inner
    content += told(0x06, struct.pack("<H", 1)) + told(0x1E, units.tobytes()) + b"\x80"
    path.write_bytes(content)


def write_ishne(path: Path, record: EcgRecord) -> None:
    """ISHNE Holter, twelve channels of it."""
    # The leads' numbers of the standard: I is 5 (after unknown, generic, X, Y, Z), and so on in our order.
    header = bytearray(522)
    header[:8] = b"ISHNE1.0"
    units = _units(record)
    struct.pack_into("<iiii", header, 10, 0, units.shape[1], 522, 522)
    struct.pack_into("<h", header, 156, 12)
    struct.pack_into("<12h", header, 158, *range(5, 17))
    struct.pack_into("<12h", header, 206, *[round(1000 * STEP_UV)] * 12)
    struct.pack_into("<h", header, 272, _rate(record))
    path.write_bytes(bytes(header) + np.ascontiguousarray(units.T).tobytes())


def write_wfdb_pair(path: Path, record: EcgRecord) -> None:
    """The header and the samples beside it."""
    import wfdb

    wfdb.wrsamp(
        path.stem, fs=record.sampling_rate, units=["mV"] * 12, sig_name=list(LEADS),
        p_signal=record.signal.T.astype(np.float64), fmt=["16"] * 12, adc_gain=[1000.0] * 12, baseline=[0] * 12,
        write_dir=str(path.parent),
    )  # fmt: skip


FORMATS: dict[str, tuple[str, Callable[[Path, EcgRecord], None]]] = {
    "SCP-ECG": ("scp", write_scp),
    "HL7 aECG": ("xml", write_hl7_aecg),
    "MUSE": ("xml", write_muse),
    "Mortara": ("xml", write_mortara),
    "Philips": ("xml", write_sierra),
    "DICOM": ("dcm", write_dicom),
    "EDF": ("edf", write_edf),
    "MFER": ("mwf", write_mfer),
    "ISHNE": ("ecg", write_ishne),
    "WFDB": ("hea", write_wfdb_pair),
}
"""Format -> the ending of its files, and what writes one."""


def write_folder(folder: Path, records: list[EcgRecord]) -> dict[str, EcgRecord]:
    """One record of every format; the name of each in the folder -> the record."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for (name, (ending, write)), record in zip(FORMATS.items(), records, strict=True):
        stem = name.lower().replace(" ", "_").replace("-", "_")
        path = folder / f"{stem}.{ending}"
        write(path, record)
        written[stem if ending == "hea" else path.name] = record
    return written
