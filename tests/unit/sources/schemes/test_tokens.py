"""Secrets that are sent as they are, and users with passwords."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from notifier.sources.call import Call
from tests.unit.sources.schemes.desk import BODY, OTHERS, desk, fault

TOKEN = "a+token/of=the-tests"


def cause(auth: Mapping[str, Any], call: Call, **more: Any) -> str | None:
    return desk(auth, secrets=[TOKEN], **more).cause(call)


def authorization(text: str) -> Call:
    return Call(((b"authorization", text.encode()),), BODY)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("header", Call(((b"x-api-key", TOKEN.encode()),), BODY)),
        ("bearer", authorization(f"Bearer {TOKEN}")),
        ("bearer", authorization(f"bearer  {TOKEN}")),
        ("query", Call((), BODY, query=b"a=1&token=a+token/of=the-tests")),
        ("query", Call((), BODY, query=b"token=a%2Btoken%2Fof%3Dthe-tests")),
        ("path", Call((), BODY, tail=TOKEN)),
        ("in-body", Call((), b'{"auth": {"token": "a+token/of=the-tests"}}')),
    ],
)
def test_a_token_is_found_where_it_is_said_to_be(name: str, call: Call) -> None:
    assert cause(OTHERS[name], call) is None


@pytest.mark.parametrize(
    ("name", "call", "said"),
    [
        ("header", Call((), BODY), "header X-Api-Key missing"),
        (
            "header",
            Call(((b"x-api-key", b"other"),), BODY),
            "the token in header X-Api-Key is not one of the secrets",
        ),
        ("bearer", Call((), BODY), "header Authorization missing"),
        ("bearer", authorization(TOKEN), "header Authorization is not `Bearer` and a token"),
        ("bearer", authorization("Bearer "), "header Authorization is not `Bearer` and a token"),
        (
            "bearer",
            authorization("Bearer other"),
            "the token in header Authorization is not one of the secrets",
        ),
        ("query", Call((), BODY), "parameter token missing"),
        ("query", Call((), BODY, query=b"token=a&token=b"), "parameter token given 2 times"),
        (
            "query",
            Call((), BODY, query=b"token=%ff"),
            "the token in parameter token is not one of the secrets",
        ),
        ("path", Call((), BODY), "the token after the name of the source in the path is missing"),
        (
            "path",
            Call((), BODY, tail="\ud800"),
            "the token in the path is not one of the secrets",
        ),
        ("in-body", Call((), BODY), "auth.token of the body missing"),
        ("in-body", Call((), b"no JSON"), "the body, which holds the token, cannot be read"),
        (
            "in-body",
            Call((), b'{"auth": {"token": 12345678}}'),
            "the token in auth.token of the body is not one of the secrets",
        ),
    ],
)
def test_what_is_wrong_with_a_token_is_said(name: str, call: Call, said: str) -> None:
    assert cause(OTHERS[name], call) == said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (authorization("Basic " + base64.b64encode(f"desk:{TOKEN}".encode()).decode()), None),
        (authorization("basic " + base64.b64encode(f"desk:{TOKEN}".encode()).decode()), None),
        (
            authorization("Basic " + base64.b64encode(f"Desk:{TOKEN}".encode()).decode()),
            "user or password is wrong",
        ),
        (authorization("Basic ***"), "header Authorization is not base64 after `Basic`"),
        (authorization(f"Bearer {TOKEN}"), "header Authorization is not `Basic` and a user"),
        (Call((), BODY), "header Authorization missing"),
    ],
)
def test_user_and_password_are_compared(call: Call, said: str | None) -> None:
    assert cause(OTHERS["basic"], call) == said


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"scheme": "token", "in": "header"}, "auth.0: name: where is the token?"),
        ({"scheme": "token", "in": "query"}, "auth.0: name: where is the token?"),
        ({"scheme": "token", "in": "body"}, "auth.0: name: where is the token?"),
        ({"scheme": "token", "in": "header", "name": "a b"}, "auth.0: a header is needed"),
        ({"scheme": "basic", "user": ""}, "auth.0: user: write a name, without a colon"),
        ({"scheme": "basic", "user": "a:b"}, "auth.0: user: write a name, without a colon"),
    ],
)
def test_a_table_that_cannot_work_is_refused(auth: Mapping[str, Any], said: str) -> None:
    assert fault(auth).startswith(said)


@pytest.mark.parametrize("name", ["header", "basic"])
def test_a_short_secret_is_refused_and_not_repeated(name: str) -> None:
    told = fault(OTHERS[name], secrets=["zq9"])
    assert told.startswith("auth.0: secret 1 of 1 is shorter than 6 characters")
    assert "zq9" not in told


def test_a_second_bearer_changes_nothing() -> None:
    call = authorization(f"Bearer {TOKEN}")
    twice = replace(call, headers=call.headers * 2)
    assert cause(OTHERS["bearer"], twice) == "header Authorization given 2 times"
