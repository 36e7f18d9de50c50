"""docs/sources against the presets, and what each preset says of itself against the house rules."""

import re
from collections.abc import Iterator

import pytest

from notifier.sources.definition import About
from tests.presets import pages
from tests.presets.pages import Preset

PRESETS = pages.load()
VENDORS: frozenset[str] = frozenset()
"""Hosts besides example.com that a page may send its reader to, for what only they publish."""

every_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)


def texts(about: About) -> Iterator[str]:
    yield about.title
    yield about.body
    for sentences in (about.steps, about.tells, about.cannot, about.traps):
        yield from sentences


def test_every_page_is_as_the_presets_say() -> None:
    for file, text in pages.written().items():
        assert (pages.ROOT / file).read_text(encoding="utf-8") == text, "run make presets"


def test_there_is_no_page_without_a_preset() -> None:
    found = {f"docs/sources/{path.name}" for path in (pages.ROOT / "docs/sources").iterdir()}
    assert found == {file for file in pages.written() if file.startswith("docs/sources/")}


@every_preset
def test_the_steps_name_what_is_to_be_entered(preset: Preset) -> None:
    about = preset.about
    steps = " ".join(about.steps)
    assert "{url}" in steps
    assert ("{secret}" in steps) == (about.made_by == "us")
    assert ("secret" in about.asks) == (about.made_by == "desk")


@every_preset
def test_every_text_says_something_in_one_line(preset: Preset) -> None:
    about = preset.about
    assert about.title
    assert about.tells
    for sentence in [*about.steps, *about.tells, *about.cannot, *about.traps]:
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        assert sentence.endswith((".", ":", "`"))


@every_preset
def test_no_text_leads_to_somebody_elses_address(preset: Preset) -> None:
    hosts = {
        host
        for text in texts(preset.about)
        for host in re.findall(r"(?:https?://|@)([a-z0-9.-]+\.[a-z]{2,})", text)
    }
    assert {host for host in hosts - VENDORS if not f".{host}".endswith(".example.com")} == set()


@every_preset
def test_a_body_to_paste_goes_with_bodies_of_our_own(preset: Preset) -> None:
    """Whoever may write the body is shown one, and only they."""
    assert bool(preset.about.body) or preset.definition.shape == "mapped"


@every_preset
def test_nobody_may_call_without_a_secret(preset: Preset) -> None:
    assert preset.definition.auth
    assert all(auth.scheme != "none" for auth in preset.definition.auth)
    assert preset.about.made_by != "nobody"
