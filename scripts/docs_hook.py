"""Fills the manual: mkdocs calls this while it builds. What stands elsewhere is taken from there and not typed again.

files of the root     README, glossary, changes, third parties, the example: as pages, with their links turned
exercises/ID.md       one page per exercise of the library
<!-- made: NAME -->   in a page: replaced by what docs_pages.MADE[NAME] makes
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))

import docs_pages

ROOT = Path(__file__).resolve().parents[1]
TAKEN = {
    "README.md": "index.md",
    "GLOSSARY.md": "glossary.md",
    "CHANGELOG.md": "changelog.md",
    "THIRD_PARTY.md": "third_party.md",
    "examples/README.md": "example.md",
    "LICENSE": "third_party.md",
}
"""Files outside of docs/ and the pages they become; the licence is named on the page of third parties."""


def turned(text: str) -> str:
    """The text with its links as they are from the top of the manual."""

    def target(found: re.Match[str]) -> str:
        link = found.group(1)
        return f"]({TAKEN.get(link, link.removeprefix('docs/'))})"

    return re.sub(r"\]\(([^)#]+)\)", target, text)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give every exercise its place in the navigation, by its name, and every decision its own."""
    exercises = [{"All of them": "exercises/index.md"}, *docs_pages.navigation()]
    decisions = [{"All of them": "decisions/index.md"}, *(f"decisions/{p.name}" for p in docs_pages.decision_files())]
    for entry in config.nav or []:
        for title, page in list(entry.items()):
            entry[title] = {"exercises/index.md": exercises, "decisions/index.md": decisions}.get(str(page), page)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no file in docs/."""
    made = {
        page: turned((ROOT / file).read_text(encoding="utf-8")) for file, page in TAKEN.items() if file != "LICENSE"
    }
    for path, content in {**made, **docs_pages.exercise_pages()}.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put in what is made where a page asks for it; a name that nobody makes stops the build."""
    return re.sub(r"<!-- made: (\w+) -->", lambda found: docs_pages.MADE[found.group(1)](), markdown)
