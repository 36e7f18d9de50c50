import json

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from notifier.model.errors import WebhookError
from notifier.web import problems
from notifier.web.problems import Code, LastResort
from tests.openapi_check import repository_checker
from tests.unit.web.stubs import AUTHORIZED, Parts, client

SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": []}


@pytest.mark.parametrize("code", list(Code))
def test_every_problem_is_as_documented(code: Code) -> None:
    answer = problems.problem(code, "Because.")
    schema = repository_checker().document["components"]["schemas"]["Problem"]
    document = json.loads(answer.body)
    repository_checker().validate(schema, document, code.text)
    assert (document["status"], document["code"]) == (answer.status, code.text)
    assert dict(answer.headers)[b"content-type"] == b"application/problem+json"


def test_no_two_codes_are_the_same() -> None:
    assert len({code.text for code in Code}) == len(Code)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/events/", "/v2/events", "/webhooksx", "/p/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_an_unknown_address_is_404_and_never_a_redirect(path: str, method: str) -> None:
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.request(method, path)
    assert answer.status_code == 404


async def test_any_other_refusal_of_routing_is_404() -> None:
    answer = await problems.of_exception(Request(SCOPE), HTTPException(400))
    assert answer.status_code == 404


def test_a_refusal_nobody_knows_is_still_a_refusal() -> None:
    assert problems.of_webhook(WebhookError()).status == 400


async def test_the_last_resort_answers_once_only() -> None:
    sent: list[Message] = []

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("before the answer")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await LastResort(half)(SCOPE, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 500
