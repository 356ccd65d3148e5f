"""The loader: a good folder adds to the library, a bad file is refused with its name, its key and what is allowed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kneeline.content.check import check
from kneeline.content.load import DATA, load, load_exercise
from kneeline.content.schema import AccuracyTable
from kneeline.model.errors import ContentError, InputError

SQUAT = (DATA / "exercises" / "squat_double.toml").read_text(encoding="utf-8").replace('"squat_double"', '"mine"')


BOUNCE = '[bounce]\ntitle = "Bounce"\nunit = "deg"\nplane = "any"\nmeaning = "How much it bounces."\n'
YAW = """yaw_limit = { value = 9, unit = "deg", basis = "house" }
yaw_error = { value = 0, unit = "deg per deg", basis = "house" }
"""
PUBLISHED = '{} = {{ value = 9, unit = "deg", basis = "sourced", evidence = ["S32#SEM"] }}\n'
ACCURACY = """[model.elsewhere.{}.{}]
unit = "s"
mae = 0.1
bias = 0.0
covered = {}
repetitions = 3
recordings = 2
people = 1
"""
METHOD_ERROR = 'method_error = { value = 9, unit = "deg", basis = "house" }\n'


def own(folder: Path, exercise: str | None = None, **tables: str) -> Path:
    """A content folder with one exercise, mine.toml, and tables by name."""
    (folder / "exercises").mkdir()
    if exercise is not None:
        (folder / "exercises" / "mine.toml").write_text(exercise, encoding="utf-8")
    for name, text in tables.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def swap(old: str, new: str) -> str:
    assert old in SQUAT, old
    return SQUAT.replace(old, new, 1)


def test_an_exercise_of_one_s_own_is_one_file(tmp_path: Path) -> None:
    library = load(own(tmp_path, SQUAT))
    assert library.exercises["mine"].repetition == library.exercises["squat_double"].repetition
    assert library.digest != load().digest
    assert len(library.exercises) == len(load().exercises) + 1


def test_tables_of_one_s_own_add_to_the_library(tmp_path: Path) -> None:
    fault = 'giggles = "Laughed."'
    source = '[ME]\ncite = "Me"\nwhere = "here"\nread = "paper"\n[ME.supports]\n"table 1" = "It is so."'
    text = swap(
        'unit = "deg", basis = "house", evidence = ["S33#group means"',
        'unit = "deg", basis = "sourced", evidence = ["ME#table 1"',
    )
    library = load(own(tmp_path, text, faults=fault, evidence=source))
    assert library.faults["giggles"] == "Laughed."
    assert library.sources["ME"].supports["table 1"] == "It is so."


def test_what_is_published_and_what_was_measured_are_told_apart(tmp_path: Path) -> None:
    library = load(own(tmp_path, validity=f"[shoulder_drop]\n{PUBLISHED.format('mdc')}"))
    known = library.validity["shoulder_drop"]
    assert (known.mdc and known.mdc.value, known.sem, known.against_3d) == (9, None, None)


def test_accuracy_is_told_for_the_pose_model_that_it_was_measured_with(tmp_path: Path) -> None:
    found = msgspec.toml.decode(ACCURACY.format("step_down", "lift_s", 0.9), type=AccuracyTable)
    one = found.of("elsewhere-2 float16", "step_down", "lift_s")
    assert one is not None
    assert one.mae == 0.1
    assert found.of("openpose-25", "step_down", "lift_s") is None
    assert found.of("elsewhere", "step_up", "lift_s") is None


@pytest.mark.parametrize(
    ("exercise", "measure", "covered", "says"),
    [
        ("nobody", "lift_s", 0.9, "step_down"),
        ("step_down", "charm", 0.9, "fppa_peak_deg"),
        ("step_down", "lift_s", 1.9, "measure again"),
        ("step_down", "lift_s", "nan", "measure again"),
    ],
)
def test_accuracy_that_cannot_be_is_refused(exercise: str, measure: str, covered: float, says: str) -> None:
    found = msgspec.toml.decode(ACCURACY.format(exercise, measure, covered), type=AccuracyTable)
    with pytest.raises(ContentError, match=says) as caught:
        check(replace(load(), accuracy=found))
    assert caught.value.file == "accuracy.toml"


def test_a_signal_of_one_s_own_says_how_far_it_may_be_turned_away(tmp_path: Path) -> None:
    text = BOUNCE + METHOD_ERROR + (BOUNCE.replace("bounce]", "sway]").replace("any", "frontal") + YAW)
    signals = load(own(tmp_path, signals=text)).signals
    assert signals["bounce"].yaw_limit is None
    assert signals["sway"].yaw_limit is not None


def test_the_digest_follows_every_byte(tmp_path: Path) -> None:
    first = load(own(tmp_path, SQUAT)).digest
    (tmp_path / "exercises" / "mine.toml").write_text(SQUAT + "\n# a word\n", encoding="utf-8")
    assert load(tmp_path).digest != first
    assert len(first) == 64


def test_the_shipped_library_is_read_once_and_cannot_be_changed() -> None:
    assert load() is load()
    with pytest.raises(TypeError):
        load().exercises["x"] = load_exercise("lunge")  # type: ignore[index]
    with pytest.raises(AttributeError):
        load_exercise("lunge").name = "x"  # type: ignore[misc]


BAD = {
    "unknown key": (swap("kind = ", 'colour = "red"\nkind = '), "file", "colour"),
    "unknown key deep down": (
        swap('priority = "alignment" }', 'priority = "alignment", loud = true }'),
        "fault[0].cue",
        "priority",
    ),
    "a value that is not allowed": (swap('kind = "movement"', 'kind = "dance"'), "kind", "movement"),
    "a wrong type": (swap("since = 2026-11-22", "since = 7"), "since", "date"),
    "two limits at once": (
        swap("below = { value = 0.6", 'above = { value = 9, unit = "s", basis = "house" }\nbelow = { value = 0.6'),
        "too_fast_down",
        "not both",
    ),
    "another name than the file's": (swap('id = "mine"', 'id = "yours"'), "id", "mine"),
    "unknown measure": (swap('"hip_drop_peak_frac"', '"hip_hop"'), "measures", "fppa_peak_deg"),
    "unknown signal": (swap('signal = "hip_drop"', 'signal = "hip_hop"'), "repetition.signal", "hip_drop"),
    "unknown fault": (swap('id = "heel_lifts"', 'id = "heel_hops"'), "heel_hops", "heel_lifts"),
    "unknown source": (swap("S33#group means", "S999#group means"), "fault[0].above.evidence", "S33"),
    "unknown place in a source": (swap("S33#group means", "S33#table 9"), "S33#", "group means"),
    "a fault twice": (swap('id = "heel_lifts"', 'id = "knee_caves_in"'), "fault", "twice"),
    "a sourced number without evidence": (
        swap('basis = "house", evidence = ["S33#group means", "S34#group means", "S32#SDD"]', 'basis = "sourced"'),
        "fault[0].above.evidence",
        "key#locator",
    ),
    "a limit in another unit": (swap('value = 10, unit = "deg"', 'value = 10, unit = "frac"'), "unit", "deg"),
    "a measure that it does not take": (swap('"heel_rise_peak_frac",\n', "\n"), "heel_lifts", "heel_rise_peak_frac"),
    "a fault without a limit": (
        swap('below = { value = 0.6, unit = "s", basis = "house" }\n', ""),
        "too_fast_down",
        "above or below",
    ),
    "both ways of judging": (
        swap('measure = "fppa_peak_deg"\n', 'measure = "fppa_peak_deg"\nnot_by_camera = "No."\n'),
        "not_by_camera",
        "excludes",
    ),
    "more repetitions than there are": (
        swap('name = "Heel lifts"', 'name = "Heel lifts"\npersist_reps = 2'),
        "persist_reps",
        "persist_of",
    ),
    "keyframes that do not start at rest": (swap("{ at = 0,", "{ at = 0.1,"), "keyframes", "0 to 1"),
    "an unknown joint angle": (SQUAT.replace("both_hip_abduction", "both_hip_wiggle"), "angles", "both_hip_abduction"),
    "keyframes with different angles": (
        swap("both_hip_abduction = 4, trunk_pitch = 34", "trunk_pitch = 34"),
        "keyframes",
        "same angles",
    ),
    "an example of another exercise's fault": (
        swap('absent = ["too_fast_down"', 'absent = ["ball_lost"'),
        "expect",
        "too_fast_down",
    ),
    "an example that contradicts itself": (
        swap('present = ["too_fast_down"]', 'present = ["too_fast_down"], absent = ["too_fast_down"]'),
        "expect",
        "twice",
    ),
    "another start for some repetitions only": (
        swap("change = { both_fppa = 26 }", "start = { both_fppa = 26 }, only = [1]"),
        "given.start",
        "only",
    ),
    "an altered repetition that is not performed": (
        swap("change = { both_fppa = 26 }", "only = [9]"),
        "given.only",
        "1 to 4",
    ),
    "a companion in a unit of its own": (
        re.sub(r'(at_\w+ = \{ value = [\d.]+, unit = )"[^"]+"', r'\1"m"', SQUAT),
        "companions",
        "of excursion",
    ),
    "limits the wrong way round": (
        swap("smallest = { value = 0.10", "smallest = { value = 0.95"),
        "repetition",
        "smallest < largest",
    ),
    "a dose for a movement": (
        swap(
            "[camera]",
            "[dose]\n"
            + "\n".join(
                f'{k} = {{ value = 1, unit = "s", basis = "house" }}'
                for k in ("sets", "reps", "lift", "hold", "lower", "rest", "per_week")
            )
            + "\n[camera]",
        ),
        "dose",
        "exercise",
    ),
    "a movement that is held": (swap("expect = { count =", "expect = { held_s = 3, count ="), "held_s", "hold"),
    "not TOML": (SQUAT + "\n= =", "TOML", ""),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_exercise_is_refused_with_file_key_and_what_is_allowed(case: str, tmp_path: Path) -> None:
    text, key, says = BAD[case]
    with pytest.raises(ContentError) as caught:
        load(own(tmp_path, text))
    assert caught.value.file == "exercises/mine.toml"
    assert key in caught.value.key, str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("table", "text", "key", "says"),
    [
        ("signals", '[knee_flexion]\nunit = "deg"', "knee_flexion", "twice"),
        ("signals", '[bounce]\nunit = "deg"', "bounce", "plane"),
        ("signals", 'bounce = "high"', "bounce", "Signal"),
        ("signals", BOUNCE.replace('title = "Bounce"', ""), "bounce", "title"),
        ("signals", BOUNCE.replace("any", "frontal"), "bounce", "needs yaw_limit"),
        ("signals", BOUNCE + YAW, "bounce", "leaves out yaw_limit"),
        ("signals", BOUNCE + PUBLISHED.format("method_error"), "bounce.method_error", "validity.toml"),
        ("validity", "[bounce]\nnote = 'high'", "table", "knee_flexion"),
        ("validity", "[heel_rise]\n" + PUBLISHED.format("mdc"), "heel_rise.mdc.unit", "frac"),
        ("validity", "[shoulder_drop]\n" + METHOD_ERROR.replace("method_error", "sem"), "shoulder_drop.sem", "sourced"),
        ("validity", '[heel_rise]\nevidence = ["S32#nowhere"]', "heel_rise.evidence S32#", "SEM"),
        ("validity", "[heel_rise]\nicc = 0.9", "heel_rise", "against_3d"),
        ("measures", '[a_deg]\nid = "b"', "a_deg.id", "leave it out"),
        (
            "measures",
            '[a_frac]\nname = "a"\nsignal = "fppa"\nleg = "working"\nover = "lift"\nstatistic = "max"\nmeaning = "a"',
            "a_frac",
            "_deg",
        ),
        (
            "measures",
            '[a_deg]\nname = "a"\nsignal = "fppa"\nleg = "working"\nover = "lift"\nstatistic = "mean"\nmeaning = "a"',
            "a_deg.statistic",
            "median",
        ),
        ("faults", "giggles = 3", "giggles", "str"),
        ("evidence", '[X]\ncite = "a"\nwhere = "b"\nread = "twice"\n[X.supports]', "X.read", "abstract"),
        ("wishes", "a = 1", "file", "signals.toml"),
    ],
)
def test_a_bad_table_is_refused(table: str, text: str, key: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        load(own(tmp_path, **{table: text}))
    assert caught.value.file == f"{table}.toml"
    assert caught.value.key == key
    assert says in str(caught.value)


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (own(tmp_path) / "faults.toml").write_bytes(b'a = "\xff"')
    with pytest.raises(ContentError, match="UTF-8"):
        load(tmp_path)


def test_a_folder_without_content_is_the_user_s_to_mend(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no content"):
        load(tmp_path)
    with pytest.raises(InputError, match="holds no content"):
        load(tmp_path / "nowhere")


def test_an_unknown_exercise_is_answered_with_what_is_close() -> None:
    with pytest.raises(InputError) as caught:
        load_exercise("calf_raise")
    assert "calf_raise_ball_squeeze" in str(caught.value).partition("Try:")[2]
    assert "step_down" in str(caught.value)
    with pytest.raises(InputError, match="Try: kneeline exercises"):
        load_exercise("zzzz")


def test_the_library_survives_a_round_trip() -> None:
    exercise = load_exercise("terminal_knee_extension")
    assert msgspec.json.decode(msgspec.json.encode(exercise), type=type(exercise)) == exercise


def test_loading_is_light() -> None:
    code = "import sys, kneeline.content.load as l; l.load(); print('numpy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
