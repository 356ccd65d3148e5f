"""Handing over: one person's records, or an answer to their plan, as one file that only a passphrase opens.

    age (scrypt)  the whole, sealed: any `age` program opens it with the passphrase
      a line      of JSON: what this is, of whom, from when (`Header`)
      an archive  the store's own export of one person: everything, or the versions of their plan alone

What somebody sends is opened into the store, or refused with a sentence and nothing changed: rows of anybody else, rows
that say something else than what is here, and answers to somebody else are refused whole.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec
import pyrage

from kneeline.clinic.plan import read_plan
from kneeline.content.load import Library
from kneeline.files import whole_file
from kneeline.model.errors import InputError, StoreError
from kneeline.model.plan import PlanVersion
from kneeline.store.archive import Archive
from kneeline.store.kept import Kept, kept_from
from kneeline.store.kinds import PlanVersion as PlanRecord
from kneeline.store.kinds import Setting
from kneeline.store.passphrase import new_passphrase, read_passphrase
from kneeline.store.planned import plan_versions
from kneeline.store.rows import Id, When, instant, utc_text
from kneeline.store.store import Store

SHARED_AT: Final = "shared_at"
"""Name of the setting that says when a person last handed their records over; it travels with them."""
LARGEST_BYTES: Final = 256 << 20
"""The largest file that is made or opened. House default: some hundred sets with their movement."""

_VERSION: Final = 1
_LONGEST_HEADER: Final = 4_096
_ENTRY: Final = b"PK\x01\x02"
_MOST_ENTRIES: Final = 20_000
_HARDEST: Final = 20
"""Work factor of scrypt, as a power of two, above which a file is not tried: 1 GB of memory. House default."""
_AGE: Final = re.compile(rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]{22} ([1-9][0-9]?)\n")
_WRONG: Final = "Decryption failed"
_TOO_HARD: Final = "Excessive work"

Purpose = Literal["records", "plan"]


class _Form(msgspec.Struct, frozen=True):
    """What every version's header has."""

    format: Literal["kneeline-share"]
    version: int


class Header(msgspec.Struct, frozen=True):
    """What a share says of itself before its archive; fields that come later are passed over."""

    format: Literal["kneeline-share"]
    version: int
    purpose: Purpose
    person_id: Id
    at: When


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a file did: whose it is, what it was, and how many rows or versions of a plan are new here."""

    person_id: UUID
    purpose: Purpose
    at: datetime
    added: int


def share_records(store: Store, person_id: UUID, path: Path, at: datetime, *, movement: bool) -> str:
    """Write everything of one person for their physio; the passphrase, which is kept nowhere.

    movement: with the pose logs that were kept, so that the movement can be looked at again.

    Raises: InputError when the file cannot be written, or would be larger than anybody opens.
    """
    said = Setting(name=SHARED_AT, value=utc_text(at))
    store.record(person_id, said, id=uuid5(person_id, f"{SHARED_AT} {said.value}"), at=at)
    with _scratch() as archive:
        store.export(archive, at, person_id, movement=movement)
        return _seal(archive, Header("kneeline-share", _VERSION, "records", str(person_id), utc_text(at)), path)


def share_plan(store: Store, person_id: UUID, path: Path, at: datetime) -> str:
    """Write the versions of a person's plan for that person, and nothing else of them; the passphrase.

    Raises: InputError when the file cannot be written, or no physio changed the plan.
    """
    if not any(kept.payload.by == "physio" for kept in store.history(person_id, PlanRecord)):
        raise InputError("There is no change of yours to send", try_next="change the plan first")
    with _scratch() as archive:
        store.export(archive, at, person_id, kinds=(PlanRecord.kind,))
        return _seal(archive, Header("kneeline-share", _VERSION, "plan", str(person_id), utc_text(at)), path)


def open_share(store: Store, path: Path, typed: str, at: datetime, library: Library) -> Opened:
    """Open what somebody sent: a person's records are added beside one's own, an answer becomes one's newest plan.

    Opening the same file again adds nothing. typed: the passphrase as it was read out.

    Raises: InputError for a file that is none of ours, damaged, newer, too large, or for somebody else, and for a
    passphrase that does not fit; nothing is changed then.
    """
    plain = _unseal(path, read_passphrase(typed))
    header = _header(plain, path.name)
    person, local = UUID(header.person_id), store.local_person(at).id
    opened = Opened(person, header.purpose, instant(header.at), 0)
    with _scratch() as archive:
        archive.write_bytes(memoryview(plain)[plain.index(b"\n") + 1 :])
        if header.purpose == "plan":
            if person != local:
                raise InputError(f"{path.name} is an answer to somebody else; nothing was changed")
            return replace(opened, added=_take_plan(store, archive, person, at, library))
        if person == local:
            raise InputError(
                f"{path.name} holds your own records; nothing was changed",
                expected="records of somebody else, or your physio's answer",
            )
        done = store.merge(archive, only=person)
        return replace(opened, added=sum(done.added.values()))


def shared_at(store: Store, person_id: UUID) -> datetime | None:
    """When a person last handed their records over; None where they never did."""
    said = store.settings(person_id).get(SHARED_AT)
    try:
        return instant(said) if isinstance(said, str) else None
    except ValueError:
        return None


def _take_plan(store: Store, archive: Path, person: UUID, at: datetime, library: Library) -> int:
    """Put the physio's versions that are new here into the person's plan; how many."""
    here = {kept.id for kept in store.history(person, PlanRecord, replaced=True)}
    mine = plan_versions(store, person, library)
    if not mine:
        raise InputError("There is no plan here that this could answer to", try_next="begin a plan, and share it first")
    found = [kept for kept in _sent(archive, person) if not here & {kept.id, _again(kept)}]
    for kept in found:
        _check(kept, mine[-1], library)
    last = mine[-1].change.at
    for kept in found:
        # What the rules did here since it was sent, or a clock that is ahead, may not put it behind what it answers to.
        late = not last < kept.at <= at
        last = max(at, last + timedelta(microseconds=1)) if late else kept.at
        store.record(person, kept.payload, id=_again(kept) if late else kept.id, at=last)
    return len(found)


def _sent(archive: Path, person: UUID) -> list[Kept[PlanRecord]]:
    """The versions by a physio in an archive, oldest first; whatever else they hang on is left out."""
    with Archive(archive, only=str(person)) as opened:
        rows = [row for row in opened.rows("record") if row["kind"] == PlanRecord.kind]
    try:
        kept = [kept_from(row, PlanRecord) for row in rows]
    except StoreError as error:
        raise InputError(f"{str(error).rstrip('.')}; nothing was changed") from error
    return sorted((one for one in kept if one.payload.by == "physio"), key=lambda one: (one.at, one.id))


def _check(kept: Kept[PlanRecord], now: PlanVersion, library: Library) -> None:
    """Raise `InputError` for a version that this library does not know, or that answers to another plan."""
    said = kept.payload
    version = read_plan(said.plan, kept.at, said.by, said.why, said.rule, library)
    if version.plan.begun != now.plan.begun:
        raise InputError("This answers to an earlier plan; nothing was changed", try_next="share the present one")


def _again(kept: Kept[PlanRecord]) -> UUID:
    """The id of a version that stands from another moment on than it was written at."""
    return uuid5(kept.person_id, f"answer {kept.id}")


def _seal(archive: Path, header: Header, path: Path) -> str:
    if archive.stat().st_size > LARGEST_BYTES:
        raise InputError(
            f"This would be larger than the {LARGEST_BYTES >> 20} MB that can be handed over",
            try_next="leave the movement out",
        )
    passphrase = new_passphrase()
    sealed = pyrage.passphrase.encrypt(msgspec.json.encode(header) + b"\n" + archive.read_bytes(), passphrase)
    with whole_file(path) as scratch:
        scratch.write_bytes(sealed)
    return passphrase


def _unseal(path: Path, passphrase: str) -> bytes:
    """What a file holds under its seal.

    Raises: InputError for whatever is no whole file of age that this passphrase opens.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}", try_next="check the path")
    if path.stat().st_size > LARGEST_BYTES + (1 << 20):
        raise InputError(f"{path.name} is larger than any share of kneeline; nothing was changed")
    sealed = path.read_bytes()
    factor = _AGE.match(sealed)
    if factor is None or int(factor[1]) > _HARDEST:
        raise InputError(
            f"{path.name} is no share of kneeline; nothing was changed",
            expected="a file ending in .age, as your physio or patient sent it",
            try_next="copy it again",
        )
    try:
        plain: bytes = pyrage.passphrase.decrypt(sealed, passphrase)
    except pyrage.DecryptError as error:
        if str(error).startswith(_TOO_HARD):
            raise InputError(f"{path.name} would take this machine too long to open", try_next="a faster one") from None
        if str(error) == _WRONG:
            raise InputError(
                f"This passphrase does not open {path.name}; nothing was changed",
                expected="the six words that were shown with this file",
                try_next="have them read out again; if they are right, the file was damaged on its way",
            ) from None
        raise _damaged(path.name) from None
    return plain


def _header(plain: bytes, name: str) -> Header:
    """What the first line says.

    Raises: InputError when it says nothing of ours, or a newer kneeline wrote it.
    """
    line = plain[: plain.find(b"\n", 0, _LONGEST_HEADER) + 1]
    try:
        if msgspec.json.decode(line, type=_Form).version > _VERSION:
            raise InputError(
                f"{name} was written by a newer kneeline; nothing was changed", try_next="install the newest version"
            )
        header = msgspec.json.decode(line, type=Header)
        instant(header.at)
    except ValueError:
        raise _damaged(name) from None
    # A directory of millions of empty files is small on the disk and large in memory.
    if plain.count(_ENTRY) > _MOST_ENTRIES:
        raise _damaged(name)
    return header


def _damaged(name: str) -> InputError:
    return InputError(
        f"{name} is damaged, cut off, or no share of kneeline; nothing was changed", try_next="have it sent again"
    )


@contextmanager
def _scratch() -> Iterator[Path]:
    """A place for an archive that is gone afterwards; only its owner may look into it."""
    with tempfile.TemporaryDirectory(prefix="kneeline-") as folder:
        yield Path(folder) / "share"
