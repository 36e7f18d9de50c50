import pytest

from notifier.web.health import Condition, Readiness
from tests.unit.web.stubs import Parts, client


async def test_a_process_that_answers_is_alive() -> None:
    async with client(Parts(readiness=Readiness(False, "failed"))) as http:
        answer = await http.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize(
    ("ready", "status", "code"),
    [
        (True, "ok", 200),
        (True, "degraded", 200),
        (False, "starting", 503),
        (False, "stopping", 503),
        (False, "failed", 503),
    ],
)
async def test_readiness_is_200_exactly_when_webhooks_are_taken(
    ready: bool, status: Condition, code: int
) -> None:
    async with client(Parts(readiness=Readiness(ready, status, ("email is down",)))) as http:
        answer = await http.get("/health/ready")
    assert answer.status_code == code
    assert answer.json() == {"status": status, "reasons": ["email is down"]}
    assert answer.headers["cache-control"] == "no-store"


async def test_health_needs_no_token_and_answers_head() -> None:
    async with client(Parts(tokens=())) as http:
        assert (await http.head("/health/ready")).status_code == 200
        assert (await http.head("/health/live")).status_code == 200
