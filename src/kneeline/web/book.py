"""Sessions as the coach's pages need them: begin, go on, look back. Everything is kept by the store."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import msgspec

from kneeline import __version__
from kneeline.clinic.ladder import rung_of
from kneeline.content.load import Library
from kneeline.content.schema import Exercise, Rung
from kneeline.model.movement import SetResult, SetSummary, View
from kneeline.model.plan import Prescription
from kneeline.model.quantity import NotAssessable
from kneeline.motion.live import Planned
from kneeline.motion.summary import summarise
from kneeline.store import KeptSet, Session, SetStart, Store
from kneeline.store.kinds import Effort, Note, Pain, Payload, Setting
from kneeline.web import clock
from kneeline.web.course import Side, Turn, exercise_of, session_turns, turns, with_dose

POSE_MODEL: Final = "blazepose-full"
BY_HAND: Final = "This set was counted by hand; nothing of it was measured."
LEFT_OPEN: Final = "This set was left in the middle and ended by kneeline later; what had been counted stands."
LEFT_OPEN_AFTER: Final = timedelta(hours=12)
"""A set that began longer ago than this is not gone on with. House default."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose before a session. form_id: made by the page, so that sending it twice begins one only.

    exercise: one of their own choice, on `first_side`; or plan: what a plan asks for, in order.
    """

    form_id: UUID
    exercise: Exercise | None
    first_side: Side
    camera: bool
    pain: float
    band: str = ""
    support: str = ""
    plan: tuple[Prescription, ...] = ()

    @property
    def session_id(self) -> UUID:
        """The session that it begins: who goes back and chooses otherwise begins another one."""
        what = "plan" if self.exercise is None else self.exercise.id
        return uuid5(self.form_id, f"{what} {self.first_side} {self.camera} {self.pain:g} {self.band} {self.support}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """Choices that last: how the coach speaks, and whether keypoints are kept.

    voice: "auto" takes a voice of the machine, else the clips; "clips" always those; "off" is silent.
    talk: -1 less, 0, +1 more. internal: cues about the body instead of the world around it.
    """

    voice: str = "auto"
    volume: float = 0.8
    talk: int = 0
    internal: bool = False
    keep_pose_logs: bool = False


class Book:
    """One person's sessions."""

    def __init__(self, store: Store, library: Library) -> None:
        self.store, self.library = store, library
        self.planning = threading.RLock()  # two windows would else change one version of a plan each
        self.followed: tuple[tuple[object, ...], Any] | None = (
            None  # what `plan_book.standing` found last, and for what
        )

    @property
    def person_id(self) -> UUID:
        """Whose machine this is."""
        return self.store.local_person(clock.now()).id

    def begin(self, choice: Choice) -> KeptSet:
        """The first set of a session."""
        at, session_id = clock.now(), choice.session_id
        if self.store.start_session(session_id, self.person_id, at):
            pain = Pain(value=choice.pain, of="before")
            self._record(pain, session_id, at)
        settings: dict[str, Any] = {"first_side": choice.first_side, "with_camera": choice.camera}
        settings |= {"band": choice.band, "support": choice.support}
        if choice.exercise is None:
            # The session stands whole in its first set, so that a plan that changes meanwhile leaves it as it began.
            whole = msgspec.to_builtins(choice.plan)
            turn = session_turns(choice.plan, self.library)[0]
            return self._start_planned(choice.plan, session_id, turn, settings, whole)
        turn = turns(choice.exercise, choice.first_side)[0]
        return self._start(choice.exercise, session_id, turn, {**settings, "camera": choice.camera})

    def not_today(self, session_id: UUID, pain: float) -> None:
        """Keep the pain that a session was not begun for; the same form sent twice says it once."""
        name, at = uuid5(session_id, f"not today {pain:g}"), clock.now()
        if name not in {one.id for one in self.store.history(self.person_id, Pain, since=at - timedelta(days=1))}:
            self.store.record(self.person_id, Pain(value=pain, of="now"), id=name, at=at)

    def find(self, set_id: UUID) -> KeptSet:
        """One set.

        Raises: StoreError when there is none of that id.
        """
        return self.store.set(set_id)

    def exercise(self, kept: KeptSet) -> Exercise | None:
        """The exercise of a set, with the dose that a plan asked for; None where the library knows it no more."""
        known = self.library.exercises.get(kept.start.exercise)
        if known is None or "prescribed" not in kept.start.settings:
            return known
        return with_dose(known, self.turn(kept).of, kept.start.planned)

    def rung(self, kept: KeptSet) -> Rung | None:
        """The rung of a plan's exercise that a set was done on; None for the exercise itself, or without a plan."""
        prescribed = self.library.exercises.get(str(kept.start.settings.get("prescribed", "")))
        level = kept.start.settings.get("rung", 0)
        if prescribed is None or not level:
            return None
        return next((rung for rung in prescribed.ladder if rung.level == level), None)

    def counted(self, kept: KeptSet) -> int:
        """How many repetitions of a set are on record, finished or not."""
        return len(self.store.repetitions(kept.start.id)) if kept.summary is None else kept.summary.count

    def turn(self, kept: KeptSet) -> Turn:
        """Which turn of its session a set is."""
        settings = kept.start.settings
        number, side, known = int(settings.get("set_number", 1)), kept.start.side, self.library.exercises
        if "sets" in settings:
            part, rest_s = int(settings.get("part", 0)), float(settings.get("rest_s", 0.0))
            return Turn(number, int(settings["sets"]), side, rest_s, part)  # type: ignore[arg-type]  # as it was written
        exercise = known.get(kept.start.exercise)
        course = () if exercise is None else turns(exercise, settings.get("first_side", side))
        return next(
            (turn for turn in course if (turn.number, turn.side) == (number, side)),
            Turn(number, number, side, 0.0),  # type: ignore[arg-type]  # one of three, as it was written
        )

    def next_turn(self, kept: KeptSet) -> Turn | None:
        """The first turn of the session that was not finished; None when all were."""
        return self._next(kept)[0]

    def go_on(self, kept: KeptSet) -> KeptSet | None:
        """The next set of the same session, begun; None when there is none left."""
        turn, session = self._next(kept)
        exercise = self.library.exercises.get(kept.start.exercise)
        if turn is None or exercise is None:
            return None
        if session:
            return self._start_planned(session, kept.start.session_id, turn, kept.start.settings)
        return self._start(exercise, kept.start.session_id, turn, kept.start.settings)

    def next_name(self, kept: KeptSet) -> str:
        """The exercise that the next turn of a session goes on to; "" where it stays the same, or is over."""
        turn, session = self._next(kept)
        if turn is None or turn.part == self.turn(kept).part:
            return ""
        return exercise_of(session[turn.part], self.library).name

    def _next(self, kept: KeptSet) -> tuple[Turn | None, tuple[Prescription, ...]]:
        """The next turn, and the plan's session that it is of; that is empty for an exercise of one's own choice."""
        sets = self.store.sets(kept.person_id, session_id=kept.start.session_id)
        whole = next((one.start.settings["session"] for one in sets if "session" in one.start.settings), ())
        session = msgspec.convert(whole, tuple[Prescription, ...])
        exercise = self.library.exercises.get(kept.start.exercise)
        if session:
            course = session_turns(session, self.library)
        else:
            first = kept.start.settings.get("first_side", kept.start.side)
            course = () if exercise is None else turns(exercise, first)
        done = {
            (one.start.settings.get("part", 0), one.start.settings.get("set_number"), one.start.side)
            for one in sets
            if one.ended_at is not None
        }
        return next((turn for turn in course if (turn.part, turn.number, turn.side) not in done), None), session

    def count_by_hand(self, kept: KeptSet, reps: int) -> None:
        """End a set that nobody saw: what was counted stands, nothing is judged."""
        planned_s = sum(float(kept.start.planned.get(name, 0.0)) for name in ("lift_s", "hold_s", "lower_s"))
        summary = SetSummary(reps, 0, reps * planned_s, None, None)
        unseen = View("unclear", NotAssessable("there was no camera"), False, ("there was no camera",))
        result = SetResult(kept.start.exercise, kept.start.side, unseen, (), summary, (), (BY_HAND,))
        self.store.finish_set(kept.start.id, result, clock.now())

    def close_if_left_open(self, kept: KeptSet) -> bool:
        """End a set in front of the camera that nobody came back to, with what is on record of it; whether it was one.

        It ended, as far as anybody knows, with its last repetition.
        """
        exercise = self.exercise(kept)
        if exercise is None or not kept.start.settings.get("camera"):
            return False
        if kept.ended_at is not None or clock.now() - kept.at < LEFT_OPEN_AFTER:
            return False
        reps, cues = self.store.repetitions(kept.start.id), self.store.cues(kept.start.id)
        not_kept = "the set was left in the middle"
        view = View("unclear", NotAssessable(not_kept), bool(reps), () if reps else (not_kept,))
        result = summarise(exercise, kept.start.side, view, reps, cues, (LEFT_OPEN,), 0.0)
        self.store.finish_set(kept.start.id, result, kept.at + timedelta(seconds=reps[-1].end_s if reps else 0.0))
        return True

    def close_left_open(self) -> None:
        """End every set that nobody came back to."""
        for kept in self.store.sets(self.person_id, unended=True):
            self.close_if_left_open(kept)

    def close(
        self, session_id: UUID, pain: float | None, effort: float | None, note: str, worst: float | None = None
    ) -> None:
        """What the person says when a session is over; None where they did not say. worst: the pain during it."""
        at = clock.now()
        if worst is not None:
            self._record(Pain(value=worst, of="during"), session_id, at)
        if pain is not None:
            self._record(Pain(value=pain, of="after"), session_id, at)
        if effort is not None:
            self._record(Effort(value=effort), session_id, at)
        if note.strip():
            self._record(Note(text=note.strip()), session_id, at)

    def sessions(self) -> tuple[tuple[Session, tuple[KeptSet, ...]], ...]:
        """Every session that has sets, newest first; sets that nobody came back to are ended."""
        self.close_left_open()
        sets: dict[UUID, list[KeptSet]] = {}
        for kept in self.store.sets(self.person_id):
            sets.setdefault(kept.start.session_id, []).append(kept)
        known = self.store.sessions(self.person_id)
        return tuple((session, tuple(sets[session.id])) for session in reversed(known) if session.id in sets)

    def said(self, session_id: UUID) -> tuple[Payload, ...]:
        """Pain, effort and notes of a session, in that order."""
        kinds: tuple[type[Payload], ...] = (Pain, Effort, Note)
        return tuple(
            one.payload for kind in kinds for one in self.store.history(self.person_id, kind, session_id=session_id)
        )

    def preferences(self) -> Preferences:
        """What the person chose, our own choice where they did not."""
        kept, usual = self.store.settings(self.person_id), Preferences()
        return Preferences(
            voice=str(kept.get("voice", usual.voice)),
            volume=float(kept.get("volume", usual.volume)),
            talk=int(kept.get("talk", usual.talk)),
            internal=bool(kept.get("internal", usual.internal)),
            keep_pose_logs=bool(kept.get("keep_pose_logs", usual.keep_pose_logs)),
        )

    def prefer(self, chosen: Mapping[str, bool | int | float | str]) -> None:
        """Keep choices; those that stay as they are add nothing."""
        at, before = clock.now(), self.store.settings(self.person_id)
        for name, value in chosen.items():
            if before.get(name) != value:
                self._record(Setting(name=name, value=value), None, at)

    def _start_planned(
        self,
        session: tuple[Prescription, ...],
        session_id: UUID,
        turn: Turn,
        before: Mapping[str, Any],
        whole: object = None,
    ) -> KeptSet:
        p = session[turn.part]
        settings = {key: before[key] for key in ("first_side", "with_camera", "support") if key in before}
        settings |= {"prescribed": p.exercise, "rung": p.rung, "band": p.band, "part": turn.part}
        settings["camera"] = bool(settings.get("with_camera")) and not rung_of(p, self.library).not_by_camera
        if whole is not None:
            settings["session"] = whole
        return self._start(exercise_of(p, self.library), session_id, turn, settings)

    def _start(self, exercise: Exercise, session_id: UUID, turn: Turn, settings: Mapping[str, Any]) -> KeptSet:
        planned = Planned.of(exercise)
        part = f" {turn.part}" if turn.part else ""
        start = SetStart(
            id=uuid5(session_id, f"{exercise.id} {turn.number} {turn.side}{part}"),
            session_id=session_id,
            exercise=exercise.id,
            side=turn.side,
            kneeline=__version__,
            library=self.library.digest,
            pose_model=POSE_MODEL if settings.get("camera") else None,
            planned={
                "reps": planned.reps,
                "lift_s": planned.lift_s,
                "hold_s": planned.hold_s,
                "lower_s": planned.lower_s,
            },
            settings={**settings, "set_number": turn.number, "sets": turn.of, "rest_s": turn.rest_s},
        )
        self.store.start_set(start, clock.now())
        return self.store.set(start.id)

    def _record(self, payload: Payload, session_id: UUID | None, at: datetime) -> None:
        self.store.record(self.person_id, payload, id=uuid4(), at=at, session_id=session_id)
