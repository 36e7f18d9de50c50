"""Every preset on calls that are honest, and on such as are not: whom it trusts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from notifier.model.errors import BadSignature, Stale
from notifier.model.times import DAY, SECOND, Instant, Millis
from notifier.sources import presets
from notifier.sources.call import Call
from notifier.sources.definition import Auth, Digest, Ed25519, Hmac, Jwt, Rfc9421
from tests.presets import desks, vendors
from tests.presets.cases import Case
from tests.presets.desks import Desk, desk, unsigned
from tests.presets.signing import invented
from tests.presets.test_presets import ALL

LATER = 3 * SECOND
Signed = Hmac | Digest | Ed25519


def covers_the_body(auth: Auth) -> bool:
    """Tell whether another body needs another signature."""
    if isinstance(auth, Signed):
        return "{body}" in auth.signed
    return isinstance(auth, Rfc9421) and "content-digest" in auth.components


def window(auth: Auth) -> Millis:
    """Give how far the clock of the help desk may be off at most; 0 where no time is signed."""
    if isinstance(auth, Rfc9421):
        return auth.max_age
    if isinstance(auth, Signed) and auth.timestamp:
        return auth.timestamp.tolerance
    return DAY if isinstance(auth, Jwt) else 0


def anything(_: Auth) -> bool:
    return True


def every_good_call(fits: Callable[[Auth], object] = anything) -> pytest.MarkDecorator:
    """Give the mapped cases, each in every way of authenticating that fits."""
    return pytest.mark.parametrize(
        ("case", "way"),
        [
            pytest.param(case, way, id=f"{case.preset}-{case.name}-{way}")
            for case in ALL
            if case.status == "mapped"
            for way, used in enumerate(desks.ways(case.preset))
            if any(map(fits, used))
        ],
    )


def ids(made: Desk, case: Case, call: Call, now: Instant) -> list[str]:
    return [event.webhook_id for event in made.events(case, call, now)]


@every_good_call()
def test_a_repeat_is_known(case: Case, way: int) -> None:
    made = desk(case, way)
    call = made.signed(case, case.now)
    found = ids(made, case, call, case.now)
    assert ids(made, case, call, case.now + LATER) == found
    keys = " ".join(made.definition.dedupe.key).lower()
    if not any(isinstance(one, Signed) and one.header.lower() in keys for one in made.used):
        # Where the signature is the id, the help desk never makes another one for a repeat.
        again = made.signed(case, case.now + LATER)
        assert ids(made, case, again, case.now + LATER) == found


@every_good_call()
def test_whoever_does_not_know_the_secret_is_refused(case: Case, way: int) -> None:
    made = desk(case, way)
    for call in (unsigned(case), made.signed(case, case.now, seed=2)):
        with pytest.raises(BadSignature):
            made.source.verify(call, case.now)


@every_good_call(covers_the_body)
def test_one_byte_changed_is_refused_where_the_body_is_signed(case: Case, way: int) -> None:
    made = desk(case, way)
    call = made.signed(case, case.now)
    middle = len(call.body) // 2
    changed = call.body[:middle] + bytes([call.body[middle] ^ 1]) + call.body[middle + 1 :]
    with pytest.raises(BadSignature):
        made.source.verify(replace(call, body=changed), case.now)


@every_good_call(window)
def test_a_stale_call_is_refused_where_its_time_is_signed(case: Case, way: int) -> None:
    made = desk(case, way)
    call = made.signed(case, case.now)
    far = max(map(window, made.used)) + LATER
    for now in (case.now + far, case.now - far):
        with pytest.raises(BadSignature) as caught:
            made.source.verify(call, now)
        assert len(desks.ways(case.preset)) > 1 or isinstance(caught.value, Stale)


def signed_ways(preset: str) -> list[Auth]:
    """Give the entries of `auth` by which a vendor signs."""
    return [one for used in desks.ways(preset) for one in used if isinstance(one, Signed)]


SIGNING = [name for name in presets.names() if signed_ways(name)]


@pytest.mark.parametrize("preset", SIGNING)
def test_what_the_vendor_signs_as_it_documents_is_trusted(preset: str) -> None:
    case = next(one for one in ALL if one.preset == preset and one.status == "mapped")
    made = desk(case)
    secret = invented(signed_ways(preset)[0]).signing
    url = made.definition.public_url or ""
    call = vendors.signed(preset, secret, unsigned(case), url, case.now)
    made.source.verify(call, case.now)
