from pathlib import Path

from notifier.web import document
from tests.unit.web.stubs import Parts, client

ROOT = Path(__file__).parents[3]


async def test_the_document_is_served_as_it_is_in_the_repository() -> None:
    async with client(Parts(tokens=())) as http:
        answer = await http.get("/openapi.yaml")
    assert answer.content == (ROOT / "openapi.yaml").read_bytes()
    assert answer.headers["content-type"] == "application/yaml"


async def test_the_document_answers_head_and_nothing_else() -> None:
    async with client(Parts()) as http:
        bare = await http.head("/openapi.yaml")
        refused = await http.post("/openapi.yaml")
    assert (bare.status_code, bare.content) == (200, b"")
    assert refused.status_code == 405


def test_an_installed_package_brings_its_own_copy(tmp_path: Path) -> None:
    package = tmp_path / "notifier"
    package.mkdir()
    assert document.path(package) == tmp_path / "openapi.yaml"
    (package / "openapi.yaml").write_text("openapi: 3.1.0\n")
    assert document.path(package) == package / "openapi.yaml"
