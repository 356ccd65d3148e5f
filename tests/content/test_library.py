"""The library as it is shipped: what a person reads in it is short, plain and graded, and everything in it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from reading import FORBIDDEN, school_grade

from kneeline.content.load import DATA, load
from kneeline.content.schema import Exercise, Number, Source
from kneeline.motion.signals import SIGNALS

LIBRARY = load()
EXERCISES = list(LIBRARY.exercises.values())
PRESCRIBED = [exercise for exercise in EXERCISES if exercise.kind == "exercise"]
NOT_PROSE = {
    "id",
    "kind",
    "since",
    "sides",
    "link",
    "measures",
    "measure",
    "signal",
    "unit",
    "basis",
    "evidence",
    "grade",
    "stance",
}


def shown(exercise: Exercise) -> Iterator[tuple[str, str]]:
    """Every text of an exercise that a person may read, with the place where it stands."""

    def walk(item: object, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(item, str):
            yield key, item
        elif isinstance(item, tuple):
            for part in item:
                yield from walk(part, key)
        elif isinstance(item, msgspec.Struct) and not isinstance(item, Number):
            for name in item.__struct_fields__:
                deeper = name == "evidence" and not key
                if name not in NOT_PROSE or deeper:
                    yield from walk(getattr(item, name), f"{key}.{name}".lstrip("."))

    for key, text in walk(exercise, ""):
        if not key.startswith(("example", "repetition")):
            yield key, text


def test_the_library_holds_nine_exercises_nine_movements_and_a_hold() -> None:
    assert {e.id: e.kind for e in EXERCISES} == {
        "calf_raise_ball_squeeze": "exercise",
        "terminal_knee_extension": "exercise",
        "banded_single_leg_stand": "exercise",
        "standing_leg_lift": "exercise",
        "small_single_leg_squat": "exercise",
        "small_squat": "exercise",
        "low_step_up": "exercise",
        "slow_heel_raise": "exercise",
        "one_leg_heel_raise": "exercise",
        "heel_raise_double": "movement",
        "heel_raise_single": "movement",
        "squat_double": "movement",
        "squat_single_leg": "movement",
        "step_down": "movement",
        "step_up": "movement",
        "lunge": "movement",
        "hip_abduction_standing": "movement",
        "knee_to_wall": "movement",
        "single_leg_stand": "hold",
    }


def test_every_file_of_the_folder_is_in_the_library() -> None:
    assert {path.stem for path in DATA.glob("exercises/*.toml")} == set(LIBRARY.exercises)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_cue_is_at_most_eight_words(exercise: Exercise) -> None:
    for rule in exercise.fault:
        assert 1 <= len(rule.cue.say.split()) <= 8, rule.cue.say
        assert rule.cue.internal, f"{rule.id} has no body-worded form"
        assert not rule.cue.say.endswith("."), rule.cue.say


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_no_word_that_feeds_fear(exercise: Exercise) -> None:
    found = [(key, FORBIDDEN.findall(text)) for key, text in shown(exercise) if FORBIDDEN.search(text)]
    assert not found


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_twelve_year_old_can_read_it(exercise: Exercise) -> None:
    texts = dict[str, list[str]]()
    for key, text in shown(exercise):
        texts.setdefault(key.partition(".")[0], []).append(text)
    everything = [text for key in texts for text in texts[key] if key not in ("name", "muscle")]
    assert school_grade(everything) <= 7.0
    for key in ("steps", "why", "setup", "evidence"):
        if key in texts:
            assert school_grade(texts[key]) <= 8.0, key


def test_the_reading_test_can_fail() -> None:
    hard = "Patellofemoral maltracking necessitates individualised neuromuscular rehabilitation interventions."
    assert school_grade([hard]) > 12 > 7 > school_grade(["Stand on one leg. Bend your knee. Come up slowly."])
    assert FORBIDDEN.search(hard)


@pytest.mark.parametrize("exercise", PRESCRIBED, ids=lambda e: e.id)
def test_a_prescribed_exercise_is_whole(exercise: Exercise) -> None:
    assert exercise.link
    assert exercise.muscle
    for part in ("why", "equipment", "setup", "steps", "feel", "mistakes", "avoid", "stop_rules", "contraindications"):
        assert getattr(exercise, part), part
    assert exercise.dose is not None
    assert "chain" in " ".join(exercise.why), "the chain is told as the idea the exercise rests on"


@pytest.mark.parametrize("exercise", PRESCRIBED, ids=lambda e: e.id)
def test_the_ladder_has_two_rungs_each_way(exercise: Exercise) -> None:
    levels = [rung.level for rung in exercise.ladder]
    assert levels == list(range(min(levels), max(levels) + 1)), "in order, without a gap"
    assert min(levels) <= -2
    assert max(levels) >= 2
    assert all(rung.how and rung.earned_by for rung in exercise.ladder)


@pytest.mark.parametrize("exercise", PRESCRIBED, ids=lambda e: e.id)
def test_the_evidence_says_what_speaks_against_it_too(exercise: Exercise) -> None:
    assert {claim.stance for claim in exercise.evidence} >= {"for", "against"}
    assert {claim.grade for claim in exercise.evidence} & {"contested", "contradicted", "unsupported"}


@pytest.mark.parametrize("source", LIBRARY.sources.values(), ids=lambda source: source.key)
def test_a_source_has_its_authors_and_year_or_says_that_they_were_not_recorded(source: Source) -> None:
    assert re.search(r"\b(19|20)\d\d\b|year not recorded", source.cite)
    assert re.match(r"[A-Z][a-z]+( et al\.)?( (19|20)\d\d)?, ", source.cite) or "authors" in source.cite
    assert not re.search(r"(pubmed|PMC|doi)", source.where) or re.match(r"(pubmed|PMC|doi)", source.where)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_claim_that_leans_on_a_summary_is_graded_low_at_most(exercise: Exercise) -> None:
    for claim in exercise.evidence:
        if any(LIBRARY.sources[reference.partition("#")[0]].read == "summary" for reference in claim.evidence):
            assert claim.grade not in ("high", "moderate"), claim.says


def test_each_exercise_prescribes_its_sets_repetitions_and_tempo() -> None:
    doses = {e.id: e.dose for e in PRESCRIBED}
    asked = {
        id_: (d.sets.value, d.reps.value, d.lift.value, d.hold.value, d.lower.value) for id_, d in doses.items() if d
    }
    assert asked == {
        "calf_raise_ball_squeeze": (3, 15, 2, 1, 3),
        "terminal_knee_extension": (3, 15, 2, 1, 3),
        "banded_single_leg_stand": (3, 12, 2, 1, 3),
        "standing_leg_lift": (3, 12, 2, 1, 3),
        "small_single_leg_squat": (3, 8, 2, 1, 3),
        "small_squat": (3, 12, 2, 1, 3),
        "low_step_up": (3, 10, 2, 1, 3),
        "slow_heel_raise": (3, 15, 2, 1, 3),
        "one_leg_heel_raise": (3, 10, 2, 1, 3),
    }


def test_the_band_page_says_which_way_to_face() -> None:
    setup = " ".join(LIBRARY.exercises["terminal_knee_extension"].setup)
    assert "FACE the anchor" in setup
    assert "face away" in setup
    assert "helps you" in setup


def test_every_fault_source_and_measure_is_used() -> None:
    rules = [rule for exercise in EXERCISES for rule in exercise.fault]
    assert {rule.id for rule in rules} == set(LIBRARY.faults)
    assert {m for exercise in EXERCISES for m in exercise.measures} == set(LIBRARY.measures)
    text = "".join(path.read_text(encoding="utf-8") for path in DATA.rglob("*.toml") if path.stem != "evidence")
    assert {key for key in LIBRARY.sources if f'"{key}#' not in text} == set()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_every_signal_it_needs_is_computed(exercise: Exercise) -> None:
    needed = {exercise.repetition.signal, *(LIBRARY.measures[m].signal for m in exercise.measures)}
    assert needed <= set(SIGNALS)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_it_has_at_least_three_examples_with_different_noise(exercise: Exercise) -> None:
    assert len(exercise.example) >= 3
    assert len({example.given.noise_px for example in exercise.example}) >= 2
    assert not exercise.fault or any(example.expect.present for example in exercise.example)


def test_a_hold_is_timed_and_its_form_not_judged() -> None:
    holds = [exercise for exercise in EXERCISES if exercise.kind == "hold"]
    assert [(hold.id, hold.measures, hold.fault) for hold in holds] == [("single_leg_stand", (), ())]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_repetition_is_held_against_the_usual_one_and_not_the_best(exercise: Exercise) -> None:
    assert [text for _, text in shown(exercise) if re.search(r"\bbest one\b", text)] == []
    assert not re.search(r"\bbest\b", " ".join(LIBRARY.faults.values()))
