import re

import pytest

from tests.unit.web.stubs import AUTHORIZED, Parts, StubIntake, client

MADE = re.compile(r"req_[0-9a-f]{16,}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/webhooks"),
        ("POST", "/webhooks/nobody"),
        ("GET", "/v1/events"),
        ("GET", "/health/live"),
        ("GET", "/docs"),
        ("GET", "/nowhere"),
        ("DELETE", "/metrics"),
    ],
)
async def test_every_answer_names_its_call(method: str, path: str) -> None:
    async with client(Parts(), AUTHORIZED) as http:
        made = [(await http.request(method, path)).headers["x-request-id"] for _ in range(2)]
        given = await http.request(method, path, headers={"x-request-id": "their-Own_id.7"})
    assert all(MADE.fullmatch(one) for one in made)
    assert made[0] != made[1]
    assert given.headers.get_list("x-request-id") == ["their-Own_id.7"]


async def test_a_fault_of_our_own_is_named_too() -> None:
    async with client(Parts(intake=StubIntake(answer=ValueError("broken")))) as http:
        answer = await http.post("/webhooks", headers={"x-request-id": "abc"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "abc")


@pytest.mark.parametrize(
    "hostile",
    [b"", b"x" * 65, b"a b", b"a@b", b"a,b", b"\xc3\xa9", b"\xff", b"a\x1b[2J", b"a\nb", b"<a>"],
)
async def test_an_id_that_is_not_harmless_is_passed_over(hostile: bytes) -> None:
    async with client(Parts()) as http:
        answer = await http.get("/health/live", headers=[(b"x-request-id", hostile)])
    assert MADE.fullmatch(answer.headers["x-request-id"])


async def test_every_refused_call_is_counted_by_its_code() -> None:
    parts = Parts()
    async with client(parts) as http:
        await http.post("/webhooks")
        await http.post("/webhooks/nobody")
        await http.post("/webhooks", content=b"x" * 2000)
        await http.get("/v1/events")
        await http.get("/v1/events?limit=x", headers=AUTHORIZED)
        await http.get("/nowhere")
        await http.put("/metrics")
        await http.get("/metrics")
        parts.intake.answer = ValueError("broken")
        await http.post("/webhooks")
    assert parts.refused == [
        "unknown_source",
        "too_large",
        "unauthorized",
        "bad_parameter",
        "not_found",
        "method_not_allowed",
        "internal_error",
    ]
