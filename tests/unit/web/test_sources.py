from notifier.model.errors import ConfigurationError
from notifier.web.sources import Reloaded
from tests.unit.web.stubs import AUTHORIZED, Parts, client


async def test_a_reload_tells_what_is_there_and_what_changed() -> None:
    async with client(Parts(reloaded=Reloaded(("a", "b"), ("b",))), AUTHORIZED) as http:
        answer = await http.post("/v1/reload")
    assert (answer.status_code, answer.json()) == (200, {"sources": ["a", "b"], "changed": ["b"]})


async def test_a_wrong_file_names_every_fault() -> None:
    lines = (
        "some/notifier.toml: sources.zammad.auth.0.header: is required\n"
        'some/notifier.toml: sources.zammad.map.fields."ticket.id": unexpected: end\n'
        "some/notifier.toml: is not TOML: Invalid value (at line 3, column 5)\n"
        "some/notifier.toml: sources: must be tables"
    )
    async with client(Parts(reloaded=ConfigurationError(lines)), AUTHORIZED) as http:
        answer = await http.post("/v1/reload")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_configuration")
    assert answer.json()["errors"] == [
        {"path": "sources.zammad.auth.0.header", "message": "is required"},
        {"path": 'sources.zammad.map.fields."ticket.id"', "message": "unexpected: end"},
        {
            "path": "",
            "message": "some/notifier.toml: is not TOML: Invalid value (at line 3, column 5)",
        },
        {"path": "sources", "message": "must be tables"},
    ]


async def test_a_reload_needs_a_token() -> None:
    async with client(Parts()) as http:
        assert (await http.post("/v1/reload")).status_code == 401
