from notifier.model.errors import ConfigurationError
from notifier.web.sources import Reloaded, SourceView
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


VIEW = SourceView(
    name="zammad",
    preset="zammad",
    title="Zammad",
    desk_url=None,
    schemes=("bearer token",),
    authentication="bearer token",
    methods=("POST",),
    success_status=200,
    max_body=1024,
    dedupe_key=("body.id",),
    dedupe_window="7d",
    dedupe_body_window="1h",
    is_open=False,
)


async def test_sources_are_listed_with_their_addresses() -> None:
    async with client(Parts(sources=[VIEW]), AUTHORIZED) as http:
        (item,) = (await http.get("/v1/sources")).json()["items"]
        shown = await http.get("/v1/sources/zammad")
        missing = await http.get("/v1/sources/other")
    assert item == shown.json()
    assert item["url"] == "/webhooks/zammad"
    assert item["dedupe"] == {"key": ["body.id"], "window": "7d", "body_window": "1h"}
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    base = "https://notify.example.com/"
    async with client(Parts(sources=[VIEW], public_base_url=base), AUTHORIZED) as http:
        found = (await http.get("/v1/sources/zammad")).json()
    assert found["url"] == "https://notify.example.com/webhooks/zammad"


async def test_sources_are_shown_to_nobody_without_a_token() -> None:
    async with client(Parts(sources=[VIEW])) as http:
        assert (await http.get("/v1/sources")).status_code == 401
        assert (await http.get("/v1/sources/zammad")).status_code == 401
