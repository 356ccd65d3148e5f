"""One person's rows, as the makers of resources look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kneeline.content.load import Library
from kneeline.report.fhir.codes import Resource, coding, filled, id_of, side_of, to, when
from kneeline.report.fhir.records import Row, Rows


@dataclass(frozen=True)
class Case:
    """Rows of one person, what the library says about them, and the moment of the export as it is kept in rows."""

    rows: Rows
    library: Library
    at: str

    @property
    def person(self) -> str:
        """Whose rows they are."""
        return str(self.rows["person"][0]["id"])

    def of(self, table: str, set_id: str | None = None) -> list[Row]:
        """The rows of a table, oldest first, or those of one set."""
        return self._tables.get(table, []) if set_id is None else self._by_set.get((table, set_id), [])

    def records(self, kind: str) -> list[Row]:
        """The records of a kind in its first version, oldest first; the ones put right later are among them."""
        return self._by_kind.get(kind, [])

    def standing(self, kind: str) -> list[Row]:
        """The records of a kind that no later one replaces, oldest first."""
        return [row for row in self.records(kind) if row["id"] not in self.replaced]

    @cached_property
    def replaced(self) -> frozenset[str]:
        """Ids of the records that a later one puts right or takes back."""
        return frozenset(row["replaces"] for row in self.of("record") if row["replaces"] is not None)

    @cached_property
    def _tables(self) -> dict[str, list[Row]]:
        return {name: sorted(rows, key=_order) for name, rows in self.rows.items()}

    @cached_property
    def _by_set(self) -> dict[tuple[str, str], list[Row]]:
        return _grouped(
            (name, row["set_id"], row) for name in ("set_end", "repetition", "cue") for row in self.of(name)
        )

    @cached_property
    def _by_kind(self) -> dict[str, list[Row]]:
        kinds: dict[str, list[Row]] = {}
        for row in self.of("record"):
            if row["version"] == 1:
                kinds.setdefault(row["kind"], []).append(row)
        return kinds

    def exercise_name(self, exercise: str) -> str:
        """What a person calls an exercise; its id where the library knows it no more."""
        known = self.library.exercises.get(exercise)
        return exercise if known is None else known.name


def _order(row: Row) -> tuple[str, int, str]:
    return row["at"], int(row.get("n", 0)), str(row.get("id", row.get("set_id", "")))


def _grouped(rows: Any) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for table, key, row in rows:
        groups.setdefault((table, key), []).append(row)
    return groups


def observation(case: Case, row: Row, category: str, code: Resource, **more: Any) -> Resource:
    """An observation made of a record; its status says whether it still stands."""
    standing = "corrected" if row["replaces"] is not None else "final"
    session, done_in = row["session_id"], row["set_id"]
    return filled(
        {
            "resourceType": "Observation",
            "id": row["id"],
            "partOf": [to(done_in or session)] if done_in or session else [],
            "status": "entered-in-error" if row["id"] in case.replaced else standing,
            "category": [{"coding": [coding(category)]}],
            "code": code,
            "subject": to(case.person),
            "effectiveDateTime": when(row["at"]),
            **more,
        }
    )


def site(side: object) -> Mapping[str, Any]:
    """The one knee that a side means, as an element of an observation, which has room for one only."""
    sides = side_of(side)
    return {"bodySite": sides[0]} if len(sides) == 1 else {}


def software_id(kneeline: object, library: object) -> str:
    """The id of the device that a version of kneeline with one state of its content is."""
    return id_of("Device", "kneeline", kneeline, library)


def pose_model_id(name: object) -> str:
    """The id of the device that a pose model is."""
    return id_of("Device", "pose model", name)
