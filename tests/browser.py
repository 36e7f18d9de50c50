"""A headless Chromium that can reach loopback only, and remembers what it was refused.

`async with looking() as window` gives a `Window`: `window.page` is Playwright's page; at the end of
the block the window fails the test when a page wrote an error to its console, threw one, or asked
for anything beyond 127.0.0.1. A refusal that a test wants to see is expected with
`window.errors.clear()` or read from `window.errors` and `window.strayed` before the block ends.
"""

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Route,
    async_playwright,
)

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nobody is this proxy, and loopback is not asked of it: what the guard below does not see
    # (a web socket, the browser's own calls) gets nowhere either, and no name is looked up.
    "--proxy-server=http://127.0.0.1:1",
]
MILLISECONDS = 60_000
LOOPBACK = "127.0.0.1"


def program() -> str:
    """Find the browser; raises AssertionError that says how to get one."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert found, f"none of {', '.join(PROGRAMS)} is on PATH: run `sh tests/set-up` as root"
    return found


def is_local(address: str) -> bool:
    """Tell whether an address stays on this machine, or within the page itself."""
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about") or parts.hostname == LOOPBACK


@dataclass
class Window:
    """One page, what it complained of, and where it wanted to go."""

    page: Page
    errors: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text}")

    def threw(self, error: Error) -> None:
        self.errors.append(f"thrown: {error.message}")

    async def guard(self, route: Route) -> None:
        """Let a request through to loopback, and cut every other off."""
        if is_local(route.request.url):
            await route.continue_()
        else:
            self.strayed.append(route.request.url)
            await route.abort()

    def check(self) -> None:
        """Raise AssertionError when anything was complained of, or asked for from elsewhere."""
        assert not self.strayed, f"asked for from beyond loopback: {self.strayed}"
        assert not self.errors, f"shown on the console: {self.errors}"


async def _window(context: BrowserContext) -> Window:
    context.set_default_timeout(MILLISECONDS)
    page = await context.new_page()
    window = Window(page)
    page.on("console", window.heard)
    page.on("pageerror", window.threw)
    await context.route("**/*", window.guard)
    return window


@contextlib.asynccontextmanager
async def looking(
    width: int = 1280, height: int = 900, *, dark: bool = False
) -> AsyncIterator[Window]:
    """Open a browser with one page of this size in pixels; at the end, check that it was content.

    Raises AssertionError when there is no browser, when the console showed an error or a warning,
    and when anything beyond loopback was asked for.
    """
    executable = program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            context = await browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                # What a service worker fetches would pass the guard by.
                service_workers="block",
            )
            window = await _window(context)
            yield window
            window.check()
        finally:
            await browser.close()
