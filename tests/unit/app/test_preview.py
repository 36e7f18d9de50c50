from dataclasses import replace
from pathlib import Path

import pytest

from notifier.app.preview import Drafts, Preview
from notifier.model.errors import WrongShape
from notifier.model.messages import Email, Sms
from notifier.model.states import OPEN, State
from notifier.rendering.renderer import Renderer
from notifier.store.views import DeliveryDetail
from tests.fake_clock import FakeClock
from tests.unit.rendering import examples
from tests.unit.web.stubs import EVENT, NINE, NOWHERE, TOLD, VIEW

PREVIEW = Preview(Renderer(examples.STYLE))
DRAFTS = Drafts(Renderer(examples.STYLE), FakeClock(NINE))
WAITING = DeliveryDetail(VIEW, EVENT, (), None)


def test_a_delivery_without_a_batch_is_shown_as_it_would_leave_alone() -> None:
    message = PREVIEW(WAITING)
    assert isinstance(message, Email)
    assert message.subject == "New Ticket Assigned: #123 - Printer Not Working"
    assert message.text.startswith("Hi John Smith,\n")


def test_a_text_is_shown_as_a_text() -> None:
    view = replace(VIEW, channel="sms", recipient="+14155550123")
    message = PREVIEW(replace(WAITING, view=view))
    assert isinstance(message, Sms)
    assert message.body == "[HIGH] Ticket #123 assigned to you: Printer Not Working"


def test_a_delivery_of_a_roll_up_is_shown_as_the_roll_up() -> None:
    batch = examples.batch(examples.about("130"), examples.about("131"))
    message = PREVIEW(DeliveryDetail(TOLD, EVENT, (), batch))
    assert isinstance(message, Email)
    assert message.subject == "2 tickets need your attention: #130, #131"


@pytest.mark.parametrize("state", sorted(set(State)))
def test_what_ended_without_a_batch_never_was_a_message(state: State) -> None:
    shown = PREVIEW(replace(WAITING, view=replace(VIEW, state=state)))
    assert (shown is not None) == (state in OPEN)


def test_what_had_no_address_or_no_known_channel_has_no_message() -> None:
    assert PREVIEW(replace(WAITING, view=NOWHERE)) is None
    assert PREVIEW(replace(WAITING, view=replace(VIEW, channel="pigeon"))) is None
    assert PREVIEW(replace(WAITING, view=replace(VIEW, recipient=None))) is None


def test_what_cannot_be_rendered_has_no_message() -> None:
    nobody = replace(VIEW, recipient="not an address")
    assert PREVIEW(replace(WAITING, view=nobody)) is None


# Drafts


def body(**ticket: object) -> dict[str, object]:
    return {
        "type": "ticket.assigned",
        "data": {
            "ticket": {"id": "123", "title": "Printer Not Working", "priority": "high", **ticket},
            "assignee": {"name": "John Smith"},
            "actor": {"name": "Administrator"},
        },
    }


def test_a_draft_is_what_the_assignee_would_get() -> None:
    mail, text = DRAFTS("email", body()), DRAFTS("sms", body())
    assert isinstance(mail, Email)
    assert isinstance(text, Sms)
    assert mail.subject == "New Ticket Assigned: #123 - Printer Not Working"
    assert mail.text.startswith("Hi John Smith,\n")
    assert "Assigned by: Administrator" in mail.text
    assert text.body == "[HIGH] Ticket #123 assigned to you: Printer Not Working"


def test_a_draft_to_nobody_greets_nobody() -> None:
    mail = DRAFTS("email", {"type": "ticket.created", "data": {"ticket": {"id": 1, "title": "T"}}})
    assert isinstance(mail, Email)
    assert mail.text.startswith("Hi,\n")


@pytest.mark.parametrize(
    "title", ["\x00\r\nBcc: x", "{{ 7 * 7 }}", "<b>&", "\u202e" * 2000, "\ufffd"]
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_no_text_of_an_event_stops_a_draft(channel: str, title: str) -> None:
    said = DRAFTS(channel, body(title=title))
    assert "49" not in (said.text if isinstance(said, Email) else said.body)


@pytest.mark.parametrize(
    ("channel", "value", "paths"),
    [
        ("email", {}, ["event.type", "event.data"]),
        ("email", body(id=None), ["event.data.ticket.id"]),
        ("email", [], ["event"]),
        ("pigeon", body(), ["channel"]),
        ("pigeon", {"type": "x"}, ["channel", "event.type", "event.data"]),
    ],
)
def test_everything_wrong_with_a_draft_is_named_by_its_path(
    channel: str, value: object, paths: list[str]
) -> None:
    with pytest.raises(WrongShape) as caught:
        DRAFTS(channel, value)
    assert [fault.path for fault in caught.value.faults] == paths


def test_a_draft_of_a_broken_override_is_of_the_built_in_template(tmp_path: Path) -> None:
    folder = tmp_path / "ticket.assigned"
    folder.mkdir()
    (folder / "subject.txt.j2").write_text("{{ 1 // 0 }}")
    drafts = Drafts(Renderer(examples.STYLE, tmp_path), FakeClock(NINE))
    mail = drafts("email", body())
    assert isinstance(mail, Email)
    assert mail.subject == "New Ticket Assigned: #123 - Printer Not Working"
