import httpx2
import pytest
from starlette.types import ASGIApp

from notifier.cli import stories
from notifier.cli.client import Client
from notifier.model.errors import CallFailed
from notifier.web import problems
from notifier.web.answers import Answer
from tests.unit.cli.documents import delivery

MERGED = delivery(state="merged", reason="same_save", sentence="Told already.", merged_into="dlv_0")


async def explained(answer: Answer) -> list[str]:
    """Explain a merged delivery with a service that gives one answer to every call."""
    app: ASGIApp = answer
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://service.example.com"
    ) as http:
        told = await stories.explained(MERGED, Client(http, offline=True))
    sentences: list[str] = told["sentences"]
    return sentences


async def test_a_merged_one_is_told_even_when_the_other_is_forgotten() -> None:
    sentences = await explained(problems.not_found())
    assert sentences[-1].endswith("as merged: Told already.")


async def test_any_other_refusal_is_passed_on() -> None:
    with pytest.raises(CallFailed, match="No valid token"):
        await explained(problems.unauthorized())
