from dataclasses import replace

import pytest

from notifier.app.preview import Preview
from notifier.model.messages import Email, Sms
from notifier.model.states import OPEN, State
from notifier.rendering.renderer import Renderer
from notifier.store.views import DeliveryDetail
from tests.unit.rendering import examples
from tests.unit.web.stubs import EVENT, NOWHERE, TOLD, VIEW

PREVIEW = Preview(Renderer(examples.STYLE))
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
