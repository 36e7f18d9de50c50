"""What every source promises, however it authenticates and reads.

A second source joins by one more line in DESKS.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.errors import BadSignature, WebhookError
from notifier.model.events import from_facts, to_facts, version_order
from notifier.model.times import to_text
from notifier.sources.call import Call, Source
from notifier.sources.native import NativeSource
from tests.unit.sources.examples import BODY, NOW, SECRET, TOLERANCE, signed


@dataclass(frozen=True)
class Desk:
    """A source under test, and what its help desk sends: `call` signs a body honestly."""

    source: Source
    call: Callable[[bytes], Call]
    body: bytes


DESKS = {
    "native": Desk(NativeSource("default", [SECRET], TOLERANCE), signed, BODY),
}

every_source = pytest.mark.parametrize("desk", DESKS.values(), ids=DESKS)

NOISE = st.tuples(st.from_regex(rb"[a-z-]{1,20}", fullmatch=True), st.binary(max_size=40))


@every_source
def test_an_honest_call_is_verified_and_read(desk: Desk) -> None:
    call = desk.call(desk.body)
    desk.source.verify(call, NOW)
    events = [one.event for one in desk.source.read(call, NOW)]
    assert events
    assert {event.source for event in events} == {desk.source.name}


@every_source
def test_an_accepted_call_is_answered_with_success(desk: Desk) -> None:
    assert 200 <= desk.source.success_status < 300


@every_source
def test_the_same_call_gives_the_same_events(desk: Desk) -> None:
    call = desk.call(desk.body)
    assert list(desk.source.read(call, NOW)) == list(desk.source.read(call, NOW))


@every_source
def test_events_are_told_apart_by_their_webhook_id(desk: Desk) -> None:
    events = [one.event for one in desk.source.read(desk.call(desk.body), NOW)]
    assert len({event.webhook_id for event in events}) == len(events)
    assert all(event.webhook_id for event in events)


@every_source
def test_an_event_can_be_stored_and_read_back(desk: Desk) -> None:
    for event in (one.event for one in desk.source.read(desk.call(desk.body), NOW)):
        head = (event.source, event.webhook_id, event.type, event.occurred_at)
        assert from_facts(head, to_facts(event)) == event
        assert to_text(event.occurred_at).endswith("Z")
        version_order(event.ticket.version)


@every_source
def test_a_call_without_headers_is_refused(desk: Desk) -> None:
    with pytest.raises(BadSignature):
        desk.source.verify(Call((), desk.body), NOW)


@every_source
def test_a_body_with_one_byte_changed_is_refused_wherever_it_is(desk: Desk) -> None:
    headers = desk.call(desk.body).headers
    for place in range(len(desk.body)):
        changed = bytearray(desk.body)
        changed[place] ^= 1
        with pytest.raises(BadSignature):
            desk.source.verify(Call(headers, bytes(changed)), NOW)


@every_source
def test_the_signature_is_looked_at_before_the_body(desk: Desk) -> None:
    desk.source.verify(desk.call(b"\xff not JSON"), NOW)


@every_source
@given(headers=st.lists(NOISE, max_size=6), body=st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_noise_is_refused_and_never_fails_otherwise(
    desk: Desk, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    with pytest.raises(BadSignature):
        desk.source.verify(Call(tuple(headers), body), NOW)


@every_source
@given(body=st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"null", b"[" * 262_144]))
@settings(max_examples=200, deadline=None)
def test_a_signed_body_that_is_no_event_is_refused_as_the_callers_fault(
    desk: Desk, body: bytes
) -> None:
    with pytest.raises(WebhookError) as caught:
        desk.source.read(desk.call(body), NOW)
    assert str(caught.value)
