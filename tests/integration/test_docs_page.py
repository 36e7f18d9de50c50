"""GET /docs in a real browser that can reach loopback only."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from notifier.web import document
from tests.browser import Window, looking
from tests.service import TOKEN, assigned
from tests.unit.app.running import in_folder, served
from tests.unit.app.test_building import post


def operations() -> dict[str, tuple[str, str]]:
    """Give (METHOD, path) of every operation of the document, by its id."""
    written: dict[str, Any] = yaml.safe_load(document.content())
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in written["paths"].items()
        for method, operation in item.items()
    }


async def shown(window: Window, url: str) -> None:
    """Open the page and wait until it has made something of the document."""
    await window.page.goto(f"{url}/docs")
    await window.page.wait_for_selector(".opblock")


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with served(in_folder(tmp_path)) as (_, service):
        yield service.url


async def test_every_operation_of_the_document_is_rendered(url: str) -> None:
    known = operations()
    async with looking() as window:
        page = window.page
        await shown(window, url)
        read = "all => all.map(one => [one.id.split('-').at(-1), ...one.querySelector("
        read += "'.opblock-summary').innerText.split(/\\s+/)])"
        blocks = await page.eval_on_selector_all(".opblock", read)
        found = {name: (method, path.replace("\u200b", "")) for name, method, path, *_ in blocks}
        webhooks = {"ticketEvent": ("POST", "ticketEvent")}
        assert {name: one for name, one in found.items() if name in known} == known
        assert found.keys() == known.keys() | webhooks.keys()
        # One after the other by the mouse would take its time for each.
        await page.eval_on_selector_all(
            ".opblock-summary-control", "all => all.forEach(one => one.click())"
        )
        await page.wait_for_function(
            "count => document.querySelectorAll('.opblock .responses-table').length >= count",
            arg=len(found),
        )
        assert not await page.query_selector(".errors-wrapper, .loading-container .failed-config")
        assert "Help desk notifier" in await page.inner_text(".info .title")
        # Marks and arrows are drawn, and the page is laid out by its own style sheets.
        assert await page.evaluate("getComputedStyle(document.body).marginTop") == "0px"


async def test_a_call_can_be_tried_with_a_token(url: str) -> None:
    event = await post(url, assigned(123, "john@example.com"))
    (told,) = event.json()["deliveries"]
    async with looking() as window:
        page = window.page
        await shown(window, url)
        await page.click(".auth-wrapper .authorize")
        await page.fill(".auth-container:has-text('bearer') input[type=text]", TOKEN)
        await page.click(".auth-container:has-text('bearer') button[type=submit]")
        await page.click(".modal-ux .close-modal")
        await page.click(".opblock[id$='-getDelivery'] .opblock-summary-control")
        block = page.locator(".opblock[id$='-getDelivery']")
        await block.locator("button.try-out__btn").click()
        await block.locator("tr[data-param-name=id] input").fill(told["id"])
        await block.locator("button.execute").click()
        answer = block.locator(".live-responses-table")
        await answer.filter(has_text='"state": "suppressed"').wait_for()
        assert told["id"] in await answer.inner_text()
