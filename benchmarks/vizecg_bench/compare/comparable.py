"""Do two runs measure the same?"""

from __future__ import annotations

from vizecg_bench.report.read import NotComparableError
from vizecg_bench.run.schema import Result

_PROTOCOL_MAY_DIFFER = {"seed"}
"""The seed decides the order only."""


def check_comparable(a: Result, b: Result, *, same_machine: bool, allow_invalid: bool) -> list[str]:
    """Notes on what differs and may.

    Raises:
        NotComparableError: what differs and may not.
    """
    if a.schema_version != b.schema_version:
        raise NotComparableError(f"results of schema {a.schema_version} and {b.schema_version} are not comparable")
    if a.labels != b.labels:
        raise NotComparableError(f"results for other labels: {', '.join(a.labels)} and {', '.join(b.labels)}")
    notes = []
    for name, result in (("A", a), ("B", b)):
        if result.is_valid:
            continue
        why = "; ".join(result.invalid_because) or "the run gives no reason"
        if not allow_invalid:
            raise NotComparableError(f"result {name} is not valid: {why} (--allow-invalid compares it all the same)")
        notes.append(f"result {name} is not valid: {why}")
    notes += [
        f"result {name}: {found.key} was slowed on purpose by {found.handicap_ms:g} ms"
        for name, result in (("A", a), ("B", b))
        for found in result.contenders
        if found.handicap_ms
    ]
    differing = _protocol(a, b)
    if differing:
        raise NotComparableError(f"results of other protocols are not comparable: {differing}")
    return notes + _machines(a, b, same_machine=same_machine) + _measured(a, b)


def machine_of(result: Result) -> dict[str, object]:
    """What milliseconds depend on before all else."""
    environment = result.environment
    return {
        "device": result.device,
        "board": environment.board,
        "machine": environment.machine,
        "cpu": environment.cpu,
        "cores": environment.cores,
        "governor": environment.governor,
    }


def _protocol(a: Result, b: Result) -> str:
    one, other = a.protocol.model_dump(), b.protocol.model_dump()
    return "; ".join(
        f"{name} {one[name]} and {other[name]}"
        for name in one
        if one[name] != other[name] and name not in _PROTOCOL_MAY_DIFFER
    )


def _machines(a: Result, b: Result, *, same_machine: bool) -> list[str]:
    one, other = machine_of(a), machine_of(b)
    differing = "; ".join(f"{name} {one[name]} and {other[name]}" for name in one if one[name] != other[name])
    if not differing:
        return []
    if same_machine:
        raise NotComparableError(f"milliseconds of other machines are not comparable: {differing} (use --by ratio)")
    return [f"other machines: {differing}"]


def _measured(a: Result, b: Result) -> list[str]:
    """Other bundles are what one compares; a reader has to know all the same."""
    notes = []
    if a.bundle.checkpoint_sha256 != b.bundle.checkpoint_sha256:
        notes.append("other checkpoints: the networks are not the same")
    elif a.bundle.sha256 != b.bundle.sha256:
        notes.append("other bundles of the same checkpoint")
    packs = [None if result.pack is None else result.pack.sha256 for result in (a, b)]
    if packs[0] != packs[1]:
        missing = [name for name, pack in zip("AB", packs, strict=True) if pack is None]
        why = f"result {missing[0]} has no evaluation pack" if missing else "other evaluation packs"
        notes.append(f"accuracy is NOT compared: {why}")
    versions = a.environment.versions, b.environment.versions
    changed = [
        f"{name} {versions[0].get(name, 'absent')} and {versions[1].get(name, 'absent')}"
        for name in sorted(versions[0].keys() | versions[1].keys())
        if versions[0].get(name) != versions[1].get(name)
    ]
    return notes + ([f"other versions: {', '.join(changed)}"] if changed else [])
