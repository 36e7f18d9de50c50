"""Every preset on calls in its vendor's shape: what they are read as, and told apart from."""

from collections.abc import Mapping
from typing import Any

import pytest

from notifier.model import times
from notifier.model.errors import Unmapped
from notifier.model.events import Event
from notifier.sources import presets
from tests.presets import cases
from tests.presets.cases import Case
from tests.presets.desks import desk

TOLD = ("created", "assigned", "unassigned", "resolved", "reopened")

ABOUT = {name: presets.table(name)["about"] for name in presets.names()}
CASES = {name: cases.load(name, about.get("body", "")) for name, about in ABOUT.items()}
ALL = [case for found in CASES.values() for case in found]

every_case = pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.preset}-{case.name}")
every_preset = pytest.mark.parametrize("preset", presets.names())


def said(event: Event, key: str) -> Any:
    """Give what an event says under a key of a case; "" where it says nothing."""
    if key == "occurred_at":
        return times.to_text(event.occurred_at)
    found: Any = event
    for part in key.split("."):
        found = getattr(found, part) if found is not None else None
    return "" if found is None else found


@every_case
def test_it_is_read_as_what_it_says(case: Case) -> None:
    made = desk(case)
    if case.status == "unmapped":
        with pytest.raises(Unmapped):
            made.events(case, made.signed(case, case.now), case.now)
        return
    events = made.events(case, made.signed(case, case.now), case.now)
    assert [event.type for event in events] == [one["type"] for one in case.events]
    for event, wanted in zip(events, case.events, strict=True):
        assert {key: said(event, key) for key in wanted} == wanted


@every_preset
def test_different_calls_are_no_repeats(preset: str) -> None:
    seen: dict[str, str] = {}
    for case in (one for one in CASES[preset] if one.status == "mapped"):
        made = desk(case)
        events = made.events(case, made.signed(case, case.now), case.now)
        for name in {event.webhook_id for event in events}:
            assert name not in seen, f"{case.name} passes for a repeat of {seen[name]}"
            seen[name] = case.name


@every_preset
@pytest.mark.parametrize("verb", TOLD)
def test_a_preset_shows_what_it_tells_or_says_that_it_cannot(preset: str, verb: str) -> None:
    shown = {event["type"] for case in CASES[preset] for event in case.events}
    cannot = " ".join(ABOUT[preset].get("cannot", []))
    assert f"ticket.{verb}" in shown or f"`ticket.{verb}`" in cannot


def somebody_else(case: Case, event: Mapping[str, Any]) -> bool:
    """Tell whether the ticket belonged to somebody else than it now belongs to."""
    before: Mapping[str, Any] = (case.prev["assignee"] or {}) if case.prev else {}
    named = [key for key in ("id", "login", "email") if event.get(f"assignee.{key}")]
    changed = [key for key in named if before.get(key) != event[f"assignee.{key}"]]
    return bool(before and named) and changed == named


@every_preset
def test_a_preset_that_tells_assignment_tells_reassignment(preset: str) -> None:
    assigned = [
        (case, event)
        for case in CASES[preset]
        for event in case.events
        if event["type"] == "ticket.assigned"
    ]
    assert not assigned or any(somebody_else(case, event) for case, event in assigned)


@every_preset
def test_a_preset_is_shown_what_is_of_no_concern(preset: str) -> None:
    assert any(case.status == "ignored" for case in CASES[preset])


@every_preset
def test_a_body_to_paste_is_read_as_it_would_be_filled_in(preset: str) -> None:
    about = ABOUT[preset]
    # What is no form but a program writes its bodies itself; the cases have what it wrote.
    pasted = about.get("body") and about.get("body_form") != "text"
    assert not pasted or any(case.filled for case in CASES[preset])


def test_every_case_belongs_to_a_preset() -> None:
    assert {path.name for path in cases.FOLDER.iterdir()} == set(presets.names())
