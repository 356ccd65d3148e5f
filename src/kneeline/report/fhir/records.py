"""The records inside a bundle: each resource carries those that it was made of, and a seal over what it says.

What FHIR has words for is said in FHIR; the record beside it keeps what FHIR has none for (a cue, a rule, the digits of
a number). The seal tells a resource that was edited elsewhere, so that the two never say different things unnoticed. It
keeps out mistakes, not forgers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kneeline.model.errors import InputError
from kneeline.report.fhir.codes import LONGEST_STRING, Resource, structure

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
"""Table -> its rows, named and shaped as in a `kneeline data export`."""

TABLES: Final = ("person", "session", "exercise_set", "set_end", "repetition", "cue", "record")
"""What travels as FHIR. Pose logs do not: they are files of keypoints, which `kneeline data export` takes along."""
FORMAT: Final = "1"
"""How records stand in resources; changed when an older kneeline could no longer read them."""
RECORD: Final = structure("record")
SEAL: Final = structure("seal")

_UNSEALED: Final = ("meta", "text")
_ODD = re.compile(r"[^\S ]|[\x7f-\x9f]")


def carry(resource: Resource, rows: Iterable[tuple[str, Row]]) -> Resource:
    """The resource with the rows it was made of, table and row each, and its seal."""
    carried = [*resource.get("extension", []), *(_extension(table, row) for table, row in rows)]
    whole = {**resource, "extension": carried} if carried else dict(resource)
    seal = {"url": SEAL, "valueString": _seal(whole)}
    head = {key: whole[key] for key in ("resourceType", "id") if key in whole}
    return head | {"extension": [*carried, seal]} | {k: v for k, v in whole.items() if k not in (*head, "extension")}


def carried(resource: Mapping[str, Any]) -> list[tuple[str, Row]]:
    """The rows that a resource carries, table and row each.

    Raises: InputError when they cannot be read, are of another format, or do not go with what the resource says.
    """
    extensions = resource.get("extension", [])
    ours = [one for one in extensions if isinstance(one, dict) and one.get("url") in (RECORD, SEAL)]
    if not ours:
        return []
    if [one.get("valueString") for one in ours if one["url"] == SEAL] != [_seal(resource)]:
        raise InputError(
            f"{_name(resource)} is not what kneeline wrote; it was edited since",
            expected="an export of kneeline as it was written",
            try_next="export it again",
        )
    return [_row(one, resource) for one in ours if one["url"] == RECORD]


def _extension(table: str, row: Row) -> Resource:
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))
    # FHIR text has no control characters and no spaces but the plain one; JSON can write them otherwise.
    safe = _ODD.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    if len(safe) > LONGEST_STRING:
        raise InputError(f"A {table} of {len(safe)} characters is too long for FHIR", expected=f"{LONGEST_STRING}")
    parts = [("format", "valueCode", FORMAT), ("table", "valueCode", table), ("row", "valueString", safe)]
    return {"url": RECORD, "extension": [{"url": url, key: value} for url, key, value in parts]}


def _row(extension: Mapping[str, Any], resource: Mapping[str, Any]) -> tuple[str, Row]:
    try:
        parts = {one["url"]: one for one in extension["extension"]}
        form, table = parts["format"]["valueCode"], parts["table"]["valueCode"]
        row = json.loads(parts["row"]["valueString"]) if form == FORMAT else None
    except (KeyError, ValueError, RecursionError):
        form, table, row = FORMAT, "", None
    if form != FORMAT:
        raise InputError(
            "This bundle was written by another version of kneeline",
            expected=f"records of format {FORMAT}, not {form:.20}",
            try_next="the newest kneeline",
        )
    if table not in TABLES or not isinstance(row, dict):
        raise InputError(f"{_name(resource)} holds a record that cannot be read", try_next="export it again")
    return table, row


def _seal(resource: Mapping[str, Any]) -> str:
    """SHA-256 of what a resource says, blind to what servers may write otherwise: 3.0 as 3, references, meta, text."""
    said = {key: value for key, value in resource.items() if key not in _UNSEALED}
    said["extension"] = [one for one in said.get("extension", []) if not _is_seal(one)]
    text = json.dumps(_plain(said), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _is_seal(extension: object) -> bool:
    return isinstance(extension, dict) and extension.get("url") == SEAL


def _plain(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if key == "reference" and isinstance(value, str):
        return re.split(r"[/:]", value)[-1]
    return value


def _name(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('resourceType', 'A resource')!s:.40} {resource.get('id', '')!s:.64}".strip()
