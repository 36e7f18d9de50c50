"""Whom an event tells, and what people are remembered by."""

import pytest

from notifier.model.events import Event, Party, Ticket
from notifier.planning import audience
from notifier.planning.policy import Policy
from tests.unit.planning.examples import JANE, JOHN, POLICY, event


@pytest.mark.parametrize("kind", ["ticket.assigned", "ticket.created"])
def test_the_assignee_is_told(kind: str) -> None:
    assert audience.told_by(event(kind, JOHN)) == JOHN
    assert audience.told_by(event(kind, None)) is None


@pytest.mark.parametrize("kind", ["ticket.updated", "ticket.unassigned", "ticket.sla_breached"])
def test_other_types_tell_nobody(kind: str) -> None:
    assert audience.told_by(event(kind, JOHN)) is None


def test_only_valid_addresses_are_looked_up() -> None:
    person = Party(email="John@EXAMPLE.com", phone="nonsense")
    found = audience.addresses_of(event("ticket.assigned", person), POLICY)
    assert found == (("email", "John@example.com"),)


def test_national_numbers_are_looked_up_in_their_one_form() -> None:
    policy = Policy(
        notify_self=False,
        same_save_window=60_000,
        sms_min_rank=3,
        default_region="US",
        ttl={},
        enabled=frozenset(),
        configured=frozenset(),
    )
    person = Party(phone="(415) 555-0123")
    found = audience.addresses_of(event("ticket.created", person), policy)
    assert found == (("sms", "+14155550123"),)


def test_nothing_is_looked_up_for_an_event_that_tells_nobody() -> None:
    told_nobody = Event("default", "w", "ticket.updated", 0, Ticket("1", "T", "1"), assignee=JANE)
    assert audience.addresses_of(told_nobody, POLICY) == ()
