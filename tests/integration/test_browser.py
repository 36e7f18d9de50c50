"""The browser of the tests notices what a page must not do."""

import pytest

from tests.browser import LOOPBACK, Window, looking, program
from tests.service import free_port


async def test_a_page_that_is_content_passes() -> None:
    async with looking(320, 640) as window:
        await window.page.goto("data:text/html,<title>Inbox</title>")
        assert await window.page.title() == "Inbox"
        assert await window.page.evaluate("[innerWidth, innerHeight]") == [320, 640]


async def complaint_about(script: str) -> str:
    """Give what a window says at its end about a page that ran this script."""
    with pytest.raises(AssertionError) as raised:
        async with looking() as window:
            await _run(window, script)
    return str(raised.value)


async def _run(window: Window, script: str) -> None:
    """Run a script, and let what it sets off have its say."""
    await window.page.goto("about:blank")
    await window.page.evaluate(script)
    while not window.errors:
        await window.page.evaluate("new Promise(done => setTimeout(done))")


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('it broke')", "error: it broke"),
        ("console.warn('it may break')", "warning: it may break"),
        ("setTimeout(() => { throw new Error('it threw') })", "thrown: it threw"),
        ("fetch('http://www.example.com/a').catch(() => 0)", "http://www.example.com/a"),
        ("new Image().src = 'http://192.0.2.1/a.png'", "http://192.0.2.1/a.png"),
        ("void new WebSocket('ws://192.0.2.1/a')", "ERR_PROXY_CONNECTION_FAILED"),
    ],
    ids=["error", "warning", "thrown", "name", "address", "socket"],
)
async def test_what_a_page_must_not_do_fails_the_test(script: str, complaint: str) -> None:
    assert complaint in await complaint_about(script)


async def test_loopback_is_let_through() -> None:
    async with looking() as window:
        await window.page.goto(f"data:text/html,<img src='http://{LOOPBACK}:{free_port()}/'>")
        # Nobody listens there, and that is what the browser says.
        assert [one for one in window.errors if "ERR_CONNECTION_REFUSED" in one]
        window.errors.clear()


def test_without_a_browser_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssertionError, match="tests/set-up"):
        program()
