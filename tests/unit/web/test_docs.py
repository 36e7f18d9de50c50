import hashlib
import re

import pytest
from starlette.requests import Request

from notifier.web import docs
from tests.unit.web.stubs import Parts, client

SWAGGER = docs.STATIC / "swagger-ui"
PAGE = (docs.STATIC / "docs" / "index.html").read_text()

# As swagger-ui-dist 5.35.0 has them.
DIGESTS = {
    "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    "NOTICE": "0d20d1adef18aee3f40dd258172155521ce702ac445cb5f7b7d60ed32dad2fb2",
    "favicon-32x32.png": "3ed612f41e050ca5e7000cad6f1cbe7e7da39f65fca99c02e99e6591056e5837",
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui-bundle.js.LICENSE.txt": (
        "37eb6e7e59aed57b2c1acf076574b818ea07b74265717e0bd67b59e0baf9abbb"
    ),
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}


async def test_the_page_loads_nothing_but_its_own_files_and_runs_nothing_inline() -> None:
    async with client(Parts(tokens=())) as http:
        answer = await http.get("/docs")
        loaded = re.findall(r'(?:src|href)="docs/([^"]+)"', answer.text)
        files = [await http.get(f"/docs/{name}") for name in loaded]
    assert answer.text == PAGE
    assert len(loaded) == 5
    assert {one.status_code for one in files} == {200}
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:|//", PAGE)


@pytest.mark.parametrize("name", ["", *(f"/{name}" for name in docs.FILES)])
async def test_every_file_is_guarded_and_need_not_be_sent_twice(name: str) -> None:
    async with client(Parts()) as http:
        answer = await http.get(f"/docs{name}")
        tags = f'"other", W/{answer.headers["etag"]}'
        again = await http.get(f"/docs{name}", headers={"if-none-match": tags})
        other = await http.get(f"/docs{name}", headers={"if-none-match": '"other"'})
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'self'"
    assert not [one for one in policy if "unsafe" in one or "http" in one or "*" in one]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert "content-length" not in again.headers
    assert again.headers["content-security-policy"] == answer.headers["content-security-policy"]
    assert (other.status_code, other.content) == (200, answer.content)


async def test_many_slow_readers_hold_one_copy_of_a_file() -> None:
    request = Request(
        {
            "type": "http",
            "path_params": {"file": "swagger-ui-bundle.js"},
            "query_string": b"",
            "headers": [],
        }
    )
    one, other = [await docs.Docs().file(request) for _ in range(2)]
    assert one.body is other.body


async def test_what_is_asked_for_with_its_version_may_be_kept() -> None:
    async with client(Parts()) as http:
        answer = await http.get("/docs/swagger-ui-bundle.js?v=5.35.0")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert 'src="docs/swagger-ui-bundle.js?v=5.35.0"' in PAGE


@pytest.mark.parametrize(
    "name", ["nothing.js", "index.html", "..%2fdocs.py", "%2e%2e", "start.js%00"]
)
async def test_what_is_not_listed_is_not_there(name: str) -> None:
    async with client(Parts()) as http:
        assert (await http.get(f"/docs/{name}")).status_code == 404


def test_every_file_is_listed_and_swagger_ui_is_as_its_authors_made_it() -> None:
    there = {str(path.relative_to(docs.STATIC)) for path in docs.STATIC.rglob("*.*")}
    there |= {"swagger-ui/LICENSE", "swagger-ui/NOTICE"}
    assert there == {path for path, _ in docs.FILES.values()} | {"docs/index.html"}
    found = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in SWAGGER.iterdir()}
    assert found == DIGESTS


def test_a_licence_lies_beside_what_others_made() -> None:
    assert "Apache License" in (SWAGGER / "LICENSE").read_text()
    assert "SmartBear" in (SWAGGER / "NOTICE").read_text()
    assert "LICENSE.txt" in (SWAGGER / "swagger-ui-bundle.js").read_text()[:200]
