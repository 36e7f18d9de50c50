"""Schemes put together: alternatives, addresses, and all that may be wrong with a table."""

import sys
from collections.abc import Mapping
from subprocess import run
from typing import Any

import pytest

from notifier.model.errors import BadSignature, Stale
from notifier.sources.call import Call
from notifier.sources.challenge import challenger
from notifier.sources.definition import Definition
from tests.unit.sources.schemes.desk import (
    BODY,
    EVERY,
    HUB,
    NOW,
    OF_PAIRS,
    OTHERS,
    SECONDS,
    STANDARD,
    built,
    cause,
    desk,
    fault,
    resolved,
)

SECRET = "a-secret-of-the-tests"
HEADER, QUERY = OTHERS["header"], OTHERS["query"]


def called(token: str = "", parameter: str = "", client: str = "") -> Call:
    headers = ((b"x-api-key", token.encode()),) if token else ()
    query = f"token={parameter}".encode() if parameter else b""
    return Call(headers, BODY, query=query, client=client)


def said(call: Call, *auth: Mapping[str, Any], **more: Any) -> str | None:
    return cause(built({"secrets": [SECRET], "auth": list(auth), **more}), call)


def test_of_alternatives_any_is_enough() -> None:
    for call in (called(SECRET), called("", SECRET), called("other", SECRET)):
        assert said(call, HEADER, QUERY) is None
    wrong = "the token in header X-Api-Key is not one of the secrets"
    assert said(called("other"), HEADER, QUERY) == wrong
    assert said(called("other", "other"), HEADER, QUERY) == (
        f"{wrong}; or the token in parameter token is not one of the secrets"
    )
    assert said(called(), HEADER, QUERY) == "header X-Api-Key missing; or parameter token missing"
    assert said(called(), HEADER, HEADER) == "header X-Api-Key missing"


def test_where_all_are_wanted_the_first_that_fails_is_named() -> None:
    assert said(called(SECRET, SECRET), HEADER, QUERY, auth_mode="all") is None
    assert said(called(SECRET), HEADER, QUERY, auth_mode="all") == "parameter token missing"
    assert said(called(), HEADER, QUERY, auth_mode="all") == "header X-Api-Key missing"


def test_what_is_old_in_one_way_may_be_tried_by_another_clock() -> None:
    sender = desk(STANDARD)
    secrets = sender.definition.secrets
    both = built({"secrets": secrets, "auth": [STANDARD, {**STANDARD, "encoding": "hex"}]})
    with pytest.raises(Stale, match=r"^timestamp 400 s old$"):
        both.verify(sender.call(), NOW + 400_000)
    other = built({"secrets": secrets, "auth": [STANDARD, HUB]})
    with pytest.raises(Stale, match=r"^timestamp 400 s old$"):
        other.verify(sender.call(), NOW + 400_000)
    with pytest.raises(BadSignature) as caught:
        other.verify(called("other"), NOW)
    assert type(caught.value) is BadSignature


def test_what_a_stranger_can_have_signed_is_no_event() -> None:
    crc = {"crc": {"query": "crc_token"}}
    auth = {"scheme": "hmac", "header": "X-Signature", "signed": "{body}{header:X-Time}"}
    table = {"secrets": [SECRET], "auth": [auth], "challenge": crc}
    asking = Call((), b"", method="GET", query=b"crc_token=7%d" % SECONDS)
    answer = challenger(Definition.model_validate(table), resolved).answer(asking)
    assert answer is not None
    headers = ((b"x-signature", answer.body), (b"x-time", b"%d" % SECONDS))
    call = Call(headers, b"7")
    assert cause(built({**table, "challenge": {}}), call) is None
    assert cause(built(table), call) == (
        "the body may be the token of a challenge, which anybody gets signed"
    )
    assert desk(auth, challenge=crc).cause(desk(auth, challenge=crc).call()) is None


def test_a_scheme_may_have_secrets_of_its_own() -> None:
    own = {**HEADER, "secrets": ["another-secret"]}
    assert said(called("another-secret"), own, QUERY) is None
    assert said(called("", SECRET), own, QUERY) is None
    assert said(called(SECRET), own)
    assert said(called("another-secret"), own, secrets=[]) is None


def test_anybody_may_call_where_it_is_spelled_out() -> None:
    assert said(Call((), b""), {"scheme": "none"}, secrets=[]) is None


@pytest.mark.parametrize(
    ("client", "text"),
    [
        ("192.0.2.1", None),
        ("::ffff:192.0.2.1", None),
        ("2001:db8::7", None),
        ("192.0.3.1", "caller 192.0.3.1 is not in allow_ips"),
        ("::ffff:192.0.3.1", "caller 192.0.3.1 is not in allow_ips"),
        ("2001:db9::7", "caller 2001:db9::7 is not in allow_ips"),
        ("", "the caller's address is not known, and allow_ips is set"),
        ("testclient", "the caller's address is not known, and allow_ips is set"),
    ],
)
def test_an_address_is_a_condition_besides(client: str, text: str | None) -> None:
    networks = ["192.0.2.0/24", "2001:db8::/32"]
    assert said(called(SECRET, client=client), HEADER, allow_ips=networks) == text
    assert said(called("other", client=client), HEADER, allow_ips=networks)


def test_what_holds_a_secret_is_known_by_its_name() -> None:
    always = {"authorization", "proxy-authorization", "cookie"}
    assert desk(HUB).authenticator.confidential == always
    assert desk(HEADER, QUERY, OTHERS["path"], OTHERS["in-body"]).authenticator.confidential == {
        *always,
        "x-api-key",
        "?token",
        "/",
        "body:auth.token",
    }


# -- tables that cannot work ---------------------------------------------------------------------


def test_a_source_needs_a_scheme() -> None:
    assert fault() == (
        'auth: nobody could call; add [[sources.NAME.auth]] with scheme = "hmac", "token" or '
        'another, and secrets = ["env:NAME"]'
    )


def test_nobody_is_no_alternative() -> None:
    assert fault(HEADER, {"scheme": "none"}).startswith('auth: scheme "none" lets everybody in')


@pytest.mark.parametrize("name", EVERY)
def test_a_scheme_needs_secrets(name: str) -> None:
    url = {"public_url": "https://notify.example.com"}
    assert fault(EVERY[name], secrets=[], **url) == (
        'auth.0: no secret; add secrets = ["env:NAME"], or "file:PATH", or the secret itself'
    )


def test_every_fault_is_told_at_once() -> None:
    told = fault(
        {**HUB, "header": ""},
        {**HEADER, "secrets": ["zq9", "env:A", "env:B"]},
        {**OF_PAIRS, "secrets": ["zq9"]},
        QUERY,
        secrets=[SECRET, "env:C"],
        retired_secrets=["env:D"],
    )
    assert told.splitlines() == [
        "secrets.1: the variable C is not set",
        "retired_secrets.0: the variable D is not set",
        "auth.1.secrets.1: the variable A is not set",
        "auth.1.secrets.2: the variable B is not set",
        "auth.2: secret 1 of 1 is shorter than 6 characters; take a longer one, best 32 random "
        "ones",
    ]
    assert fault({**HUB, "header": ""}, QUERY).startswith("auth.0: a header is needed")


def test_alternatives_leave_each_other_the_secrets_that_one_cannot_use() -> None:
    plain = "a token, no base64!"
    key = desk(STANDARD).definition.secrets[0]
    signed = desk(STANDARD).call()
    either = built({"secrets": [plain, key], "auth": [STANDARD, HEADER]})
    assert cause(either, called(plain)) is None
    assert cause(either, signed) is None
    only = built({"secrets": [plain], "auth": [STANDARD, HEADER]})
    assert cause(only, called(plain)) is None
    assert cause(only, signed) == "hmac: secret 1 of 1 is not base64; copy it whole"


def test_a_secret_that_no_alternative_can_use_is_a_fault_of_each() -> None:
    told = fault(STANDARD, HEADER, secrets=["a token, no base64!", "zq9"])
    short = "is shorter than 6 characters; take a longer one, best 32 random ones"
    assert told.splitlines() == [
        f"auth.0: secret 2 of 2 {short}",
        f"auth.1: secret 2 of 2 {short}",
    ]


def test_who_wants_all_schemes_wants_secrets_for_all() -> None:
    told = fault(STANDARD, HEADER, secrets=["a token, no base64!"], auth_mode="all")
    assert told == "auth.0: secret 1 of 1 is not base64; copy it whole"
    own = {**STANDARD, "secrets": ["a token, no base64!"]}
    assert fault(own, HEADER) == told


def test_slow_libraries_are_imported_for_the_schemes_that_need_them_only() -> None:
    table = {"secrets": [SECRET], "auth": [HUB, HEADER, OTHERS["basic"]]}
    script = f"""
import sys
from notifier.sources.authenticating import authenticator
from notifier.sources.definition import Definition
authenticator(Definition.model_validate({table!r}), str, bytes)
print([name for name in ("jwt", "cryptography") if name in sys.modules])
"""
    done = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
