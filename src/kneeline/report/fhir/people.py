"""Who and what stands behind the records: the patient, the software, where everything came from, the printed report."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kneeline import __version__
from kneeline.report.fhir.case import Case, pose_model_id, software_id
from kneeline.report.fhir.codes import BASE, Resource, coding, concept, filled, id_of, is_id, own, string, to, when
from kneeline.report.fhir.records import Row, carry

_PERFORMER = ("start", "rule")
"""Plans that the software made; others were made by a person."""


def patient(case: Case) -> Resource:
    """The person, as far as they say who they are; every profile they gave travels along."""
    profiles = case.records("profile")
    standing = case.standing("profile")
    newest: Mapping[str, Any] = standing[-1]["body"] if standing else {}
    name, born = string(newest.get("name", "")), newest.get("born")
    said = filled(
        {
            "resourceType": "Patient",
            "id": case.person,
            "identifier": [{"system": f"{BASE}:person", "value": case.person}],
            "name": [{"text": name}] if name else [],
            "gender": newest.get("sex"),
            "birthDate": None if born is None else f"{born:04d}",
        }
    )
    return carry(said, [("person", case.of("person")[0]), *(("record", row) for row in profiles)])


def devices(case: Case) -> Iterator[Resource]:
    """Each version of kneeline with the content it used, and each pose model."""
    for kneeline, library in sorted(_versions(case)):
        version = [
            {"type": concept("software"), "value": string(kneeline) or "unknown"},
            {"type": concept("content, SHA-256"), "value": string(library) or "unknown"},
        ]
        note = "A training aid, not a medical device."
        yield _device(software_id(kneeline, library), "kneeline", "measuring and coaching software", version, note)
    for name in sorted({row["pose_model"] for row in _measured(case) if row.get("pose_model")}):
        said = string(name) or "unknown"
        yield _device(pose_model_id(name), said, "pose model: finds keypoints of the body in a picture", [], "")


def _device(id: str, name: str, kind: str, version: list[Resource], note: str) -> Resource:
    device = filled(
        {
            "resourceType": "Device",
            "id": id,
            "deviceName": [{"name": name, "type": "user-friendly-name"}],
            "type": concept(kind),
            "version": version,
            "note": [{"text": note}] if note else [],
        }
    )
    return carry(device, [])


def _measured(case: Case) -> list[Row]:
    """Everything that says by which versions it was measured."""
    return [*case.of("exercise_set"), *(row["body"] for row in case.records("test_result"))]


def _versions(case: Case) -> set[tuple[str, str]]:
    told = [*_measured(case), *(row["body"] for row in case.records("finding"))]
    return {(row["kneeline"], row["library"]) for row in told} | {(__version__, case.library.digest)}


def made_by(case: Case) -> Iterator[Resource]:
    """By which version each measurement was made, and who made each version of the plan."""
    by: dict[tuple[str, str], list[Row]] = {}
    for row in (*case.records("test_result"), *case.records("finding")):
        by.setdefault((row["body"]["kneeline"], row["body"]["library"]), []).append(row)
    for row in case.of("exercise_set"):
        by.setdefault((row["kneeline"], row["library"]), []).append(row)
    for version, rows in sorted(by.items()):
        newest = max(row["at"] for row in rows)
        agent = _agent("assembler", to(software_id(*version)))
        yield _provenance(("measured", case.person, *version), [row["id"] for row in rows], newest, agent, "")
    for row in case.records("plan"):
        said = row["body"]
        who: Resource = to(case.person)
        if said["by"] in _PERFORMER:
            who = to(software_id(__version__, case.library.digest))
        elif said["by"] == "physio":
            who = {"display": "physiotherapist"}
        yield _provenance(("plan", row["id"]), [row["id"]], row["at"], _agent("author", who), said["why"])


def export_note(case: Case, resources: Sequence[Resource]) -> Resource:
    """That kneeline wrote this bundle, and of which resources it consists, so that a missing one is noticed."""
    agent = _agent("assembler", to(software_id(__version__, case.library.digest)))
    return _provenance(("export", case.person), [one["id"] for one in resources], case.at, agent, "")


def export_id(person: str) -> str:
    """The id of the note that `export_note` writes."""
    return id_of("Provenance", "export", person)


def _agent(role: str, who: Resource) -> Resource:
    return {"type": {"coding": [coding(role)]}, "who": who}


def _provenance(parts: tuple[object, ...], targets: list[str], at: str, agent: Resource, why: str) -> Resource:
    note = filled(
        {
            "resourceType": "Provenance",
            "id": id_of("Provenance", *parts),
            "target": [to(id) for id in targets],
            "recorded": when(at),
            "reason": [concept(why)] if string(why) else [],
            "agent": [agent],
        }
    )
    return carry(note, [])


def document(case: Case, pdf: bytes) -> Resource:
    """The printed report."""
    content = {
        "contentType": "application/pdf",
        "data": base64.b64encode(pdf).decode("ascii"),
        "size": len(pdf),
        "title": "kneeline report",
        "creation": when(case.at),
    }
    report = {
        "resourceType": "DocumentReference",
        "id": id_of("DocumentReference", case.person, case.at),
        "status": "current",
        "type": concept("Report for a physiotherapist", own("kinds", "report")),
        "subject": to(case.person),
        "date": when(case.at),
        "content": [{"attachment": content}],
    }
    return carry(report, [])


def question(case: Case, row: Row) -> Resource:
    """Something that the person wants to ask their physio."""
    text = string(row["body"].get("text", ""))
    asked = filled(
        {
            "resourceType": "CommunicationRequest",
            "id": row["id"],
            "status": "entered-in-error" if row["id"] in case.replaced else "active",
            "category": [concept("Question for the physiotherapist", own("kinds", "physio_question"))],
            "subject": to(case.person),
            "payload": [{"contentString": text}] if text else [],
            "authoredOn": when(row["at"]),
        }
    )
    return carry(asked, [("record", row)])


def other(case: Case, row: Row) -> Resource:
    """A record that FHIR has no resource for, such as a setting or that an earlier record was a mistake."""
    basic = {
        "resourceType": "Basic",
        "id": row["id"] if is_id(row["id"]) else id_of("Basic", row["id"]),
        "code": concept(row["kind"].replace("_", " "), own("kinds", row["kind"])),
        "subject": to(case.person),
        "created": row["at"][:10],
    }
    return carry(basic, [("record", row)])
