"""What the project says of itself is true: the README's code runs, its example counts, its links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from makers import Run

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md"))
    if "node_modules" not in path.parts
]
BLIND = {"arch_rolls_in", "knees_bend", "body_tips"}
"""Faults of the calf raise that a camera in front cannot judge."""


def test_the_readmes_python_counts_the_repetitions_of_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "4\n"


def test_the_two_commands_stand_on_the_first_screen_and_can_be_run() -> None:
    first_screen = README.splitlines()[:25]
    for command in ("demo", "check"):
        assert any(line.startswith(f"./{command}") for line in first_screen)
        assert os.access(ROOT / command, os.X_OK)


def test_set_up_is_quick_when_it_is_done(tmp_path: Path) -> None:
    """Set-up reads its stamp and stops; it does not even look for Python."""
    if not (ROOT / ".venv" / "ready-work").exists():
        pytest.skip("this environment was not made by ./check")
    done = subprocess.run(
        [ROOT / "scripts" / "setup.sh", "work"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_pictures_are_there_and_small() -> None:
    names = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert names
    for name in names:
        data = (ROOT / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 300_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_versions_that_are_installed_name_no_server_and_cover_every_dependency() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[^\s:/]+( ; .+)?", line)] == []
    pinned = {line.partition("==")[0] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["formats"],
        *project["dependency-groups"]["dev"],
        *project["dependency-groups"]["docs"],
    ]
    names = {re.split(r"[\[<>=~! ;]", line)[0].lower().replace("_", "-") for line in wanted}
    assert names - pinned == set(), "run scripts/lock.sh"


def test_the_example_is_counted_and_its_faults_are_found(run: Run, tmp_path: Path) -> None:
    truth = json.loads((ROOT / "examples" / "calf_raise.json").read_text(encoding="utf-8"))
    ran = run("analyze", ROOT / "examples" / "calf_raise.mp4", "-e", truth["exercise"], "--json", tmp_path / "set.json")
    assert ran.code == 0, ran.err
    reps = json.loads((tmp_path / "set.json").read_text(encoding="utf-8"))["reps"]
    assert len(reps) == len(truth["reps"])
    for rep, true in zip(reps, truth["reps"], strict=True):
        found = {fault["id"]: fault["verdict"] for fault in rep["faults"]}
        assert {key for key, verdict in found.items() if verdict == "present"} == set(true["faults"]), rep["n"]
        assert {key for key, verdict in found.items() if verdict == "not_assessable"} == BLIND
        times = [(rep[key], true[key]) for key in ("start_s", "top_start_s", "top_end_s", "end_s")]
        assert max(abs(said - was) for said, was in times) < 0.25, times


def test_the_manual_builds_without_a_warning_and_has_every_exercise(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None:
        pytest.skip("the manual's tools are not installed: ./check installs them")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for path in (ROOT / "src" / "kneeline" / "content" / "data" / "exercises").glob("*.toml"):
        page = (tmp_path / "site" / "exercises" / path.stem / "index.html").read_text(encoding="utf-8")
        exercise = tomllib.loads(path.read_text(encoding="utf-8"))
        for fault in exercise.get("fault", ()):
            assert f"<code>{fault['id']}</code>" in page
            assert fault.get("above") is None or "house default" in page or "evidence/#" in page
    everything = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "site").rglob("*.html"))
    assert "<!-- made:" not in everything
    assert not re.findall(r'(?:src|href)="https?://(?!squidfunk)[^"]*\.(?:js|css|woff2?)', everything), (
        "it fetches something"
    )
