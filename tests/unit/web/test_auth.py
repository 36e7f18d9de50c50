import pytest

from notifier.web.auth import Bearer
from tests.steps_taken import steps
from tests.unit.web.stubs import TOKEN, Parts, client

OTHER = "another-token-of-enough-length"


def given(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", value.encode()) for value in values]


@pytest.mark.parametrize("token", [TOKEN, OTHER])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_every_configured_token_is_let_in(token: str, scheme: str) -> None:
    assert Bearer([TOKEN, OTHER]).allows(given(f"{scheme} {token}"))


@pytest.mark.fault("G22")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        f"Bearer {TOKEN} {OTHER}",
        "Bearer \u00fc\u2028",
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    assert not Bearer([TOKEN, OTHER]).allows(given(value))


@pytest.mark.fault("G22")
def test_no_header_and_two_headers_are_refused() -> None:
    bearer = Bearer([TOKEN])
    assert not bearer.allows([])
    assert not bearer.allows(given(f"Bearer {TOKEN}", f"Bearer {TOKEN}"))


@pytest.mark.fault("G22")
def test_without_a_configured_token_nobody_is_let_in() -> None:
    assert not Bearer([]).allows(given("Bearer "))
    assert not Bearer([]).allows(given(f"Bearer {TOKEN}"))


@pytest.mark.fault("G22")
async def test_the_api_asks_before_it_looks_at_the_query() -> None:
    async with client(Parts(tokens=())) as http:
        answer = await http.get("/v1/events?limit=x", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


async def test_a_token_is_rotated_without_a_gap() -> None:
    async def asked(parts: Parts, token: str) -> int:
        async with client(parts, {"authorization": f"Bearer {token}"}) as http:
            return (await http.get("/v1/events")).status_code

    before, during, after = (
        Parts(tokens=[TOKEN]),
        Parts(tokens=[OTHER, TOKEN]),
        Parts(tokens=[OTHER]),
    )
    assert [await asked(before, one) for one in (TOKEN, OTHER)] == [200, 401]
    assert [await asked(during, one) for one in (TOKEN, OTHER)] == [200, 200]
    assert [await asked(after, one) for one in (TOKEN, OTHER)] == [401, 200]


def test_the_tokens_are_not_kept_in_readable_form() -> None:
    bearer = Bearer([TOKEN])
    assert TOKEN not in repr(vars(bearer))


@pytest.mark.fault("G18")
def test_every_wrong_token_takes_the_same_steps() -> None:
    bearer = Bearer([TOKEN, OTHER])

    def taken(token: str) -> list[str]:
        headers = given(f"Bearer {token}")
        return steps(lambda: bearer.allows(headers))

    wrong = ["x" + TOKEN[1:], TOKEN[:-1] + "x", "x" + OTHER[1:], OTHER[:-1] + "x", "x", "x" * 500]
    first, *rest = [taken(token) for token in wrong]
    assert first.count("compare_digest") == 2
    assert rest == [first] * len(rest)
    # Which of the known ones it is tells nothing either.
    assert taken(TOKEN) == taken(OTHER)
