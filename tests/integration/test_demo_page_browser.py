"""The demonstration's inbox page in a browser, as a person with or without a mouse uses it."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from notifier.demo.page import serving
from tests.browser import MILLISECONDS, looking
from tests.integration.demo_page import Demo, demonstration, stranger

pytestmark = pytest.mark.asyncio(loop_scope="module")

expect.set_options(timeout=MILLISECONDS)

LIVE = "#state.live"
SIZES = (1280, 640, 320)

HOSTILE = """<html><head><title>x</title>
<meta http-equiv="refresh" content="0;url=http://TRAP/refreshed">
<link rel="stylesheet" href="http://TRAP/style.css">
<style>@import url(http://TRAP/more.css); p { background: url(http://TRAP/back.png) }
</style></head>
<body onload="document.body.innerHTML = 'script ran'">
<script>document.body.innerHTML = "script ran"; top.location = "http://TRAP/top";</script>
<p>Nothing happened.</p>
<img src="http://TRAP/pixel.png" onerror="document.body.innerHTML = 'script ran'">
<iframe src="http://TRAP/frame"></iframe>
<a href="http://TRAP/link">A link</a> <a href="http://TRAP/top" target="_top">Top</a>
<form action="http://TRAP/form"><button>Submit</button></form>
</body></html>"""

# What a person with a screen reader depends on, looked at in the document itself.
FAULTS = """() => {
  const faults = [];
  const named = (node) => {
    const labelled = (node.getAttribute("aria-labelledby") || "").split(" ")
      .map((id) => document.getElementById(id)?.textContent || "").join(" ");
    const labels = [...(node.labels || [])].map((label) => label.textContent).join(" ");
    const inside = ["A", "BUTTON", "SUMMARY"].includes(node.tagName) ? node.textContent : "";
    const said = [labelled, node.getAttribute("aria-label"), labels, inside, node.title];
    return said.some((text) => (text || "").trim());
  };
  const reached = "a, button, input, select, summary, iframe, nav, section, [tabindex='0']";
  for (const node of document.querySelectorAll(reached)) {
    if (!named(node)) faults.push(`no name: ${node.outerHTML.slice(0, 80)}`);
  }
  for (const picture of document.querySelectorAll("img:not([alt])")) {
    faults.push(`no alt: ${picture.src}`);
  }
  for (const landmark of ["h1", "main", "nav", "body > header", "body > footer", "#news"]) {
    const found = document.querySelectorAll(landmark).length;
    if (found !== 1) faults.push(`${found} of ${landmark}`);
  }
  if (document.querySelector("#news").getAttribute("role") !== "status") faults.push("no status");
  if (document.documentElement.lang !== "en") faults.push("no language");
  if (!document.title.trim()) faults.push("no title");
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  if (new Set(ids).size !== ids.length) faults.push("an id twice");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`a level left out before ${heading.textContent}`);
    level = next;
  }
  return faults;
}"""

# WCAG 2.2, 1.4.3 and 1.4.11: text against what is behind it 4.5, borders of controls 3.
PALE = """() => {
  const read = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = read(colour).slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const [, , , alpha = 1] = read(getComputedStyle(one).backgroundColor);
      if (alpha === 1) return getComputedStyle(one).backgroundColor;
      if (alpha !== 0) throw new Error("half transparent");
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const pale = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    seen += 1;
    const found = ratio(getComputedStyle(node).color, behind(node));
    if (found < 4.5) pale.push(`${found.toFixed(2)}: ${walker.currentNode.data.trim()}`);
  }
  for (const node of document.querySelectorAll("input, select, button")) {
    seen += 1;
    if (ratio(getComputedStyle(node).color, behind(node)) < 4.5) pale.push(node.id);
    const around = behind(node.parentElement);
    if (ratio(getComputedStyle(node).borderTopColor, around) < 3) pale.push(`border ${node.id}`);
  }
  return { pale, seen };
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with demonstration() as running:
        yield running


@contextlib.asynccontextmanager
async def trap() -> AsyncIterator[tuple[str, list[str]]]:
    """Listen on loopback, where nothing hinders a browser; give the address and who came."""
    visits: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append((await reader.readline()).decode().strip())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", visits


async def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until the focus is on what is wanted; raises AssertionError if it never is."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


async def test_new_messages_appear_by_themselves_and_are_announced(demo: Demo) -> None:
    async with looking() as window:
        page = window.page
        await page.goto(demo.url)
        await page.wait_for_selector(LIVE)
        await page.evaluate("window.same = true")
        before = await page.locator("#messages > li").count()
        event = demo.stage.desk.next_event(
            "ticket.assigned", "Beamer flackert", "critical", {"email": "ana@example.com"}
        )
        await demo.stage.desk.post(event)
        await expect(page.locator("#messages > li")).to_have_count(before + 1)
        await expect(page.locator("#messages > li").first).to_contain_text("Beamer flackert")
        await expect(page.locator("#calls > li").first).to_contain_text("202 accepted")
        await expect(page.locator("#calls > li").first).to_contain_text("ana@example.com: sent.")
        await expect(page.locator("#news")).to_contain_text("Beamer flackert")
        await expect(page.locator("#count")).to_contain_text(f"{before + 1} messages")
        await page.locator("#calls > li").first.get_by_role("link").click()
        await expect(page.locator("h1")).to_contain_text("Beamer flackert")
        assert await page.evaluate("window.same") is None
        assert await page.locator("#news").get_attribute("role") == "status"


async def test_a_message_keeps_what_is_open_and_focused_while_news_comes(demo: Demo) -> None:
    async with looking() as window:
        page = window.page
        await page.goto(f"{demo.url}messages/{demo.roll_up().number}")
        await page.wait_for_selector(LIVE)
        await page.get_by_text("Headers").click()
        newest = page.locator("#messages > li a").first
        await newest.focus()
        focused = await newest.get_attribute("href")
        # An entry that changed is exchanged; the focus moves on to its successor.
        await newest.evaluate("link => { link.parentElement.dataset.news = 'of old'; }")
        demo.stage.desk.posted.clear()
        await demo.receives(stranger("While somebody reads", None))
        await expect(page.locator("#messages > li").first).to_contain_text("While somebody reads")
        await expect(page.locator("li[data-news='of old']")).to_have_count(0)
        assert await page.evaluate("document.activeElement.getAttribute('href')") == focused
        await expect(page.get_by_text("X-Auto-Response-Suppress", exact=True)).to_be_visible()


async def test_a_mail_shows_itself_its_parts_and_its_path(demo: Demo) -> None:
    mail = demo.roll_up()
    async with looking() as window:
        page = window.page
        await page.goto(f"{demo.url}messages/{mail.number}")
        inside = page.frame_locator("iframe")
        await expect(inside.get_by_text("7 notices waited because")).to_be_visible()
        await expect(page.locator("#steps h3")).to_contain_text(
            ["Events", "Plan", "Roll-up", "Attempt", "Result"]
        )
        for summary, said in (
            ("Text part", "• #130 [HIGH] Printer Not Working (assigned)"),
            ("Headers", f"<{mail.batch_id}@example.com>"),
            ("Raw source", f"--=_{mail.batch_id}--"),
        ):
            part = page.locator("details", has=page.get_by_role("heading", name=summary))
            await expect(part.get_by_text(said).last).to_be_hidden()
            await part.locator("summary").click()
            await expect(part.get_by_text(said).last).to_be_visible()


async def test_a_link_in_a_mail_leads_nowhere(demo: Demo) -> None:
    async with looking() as window:
        page = window.page
        mail = next(one for one in demo.stage.catcher.mails if "#123" in one.subject)
        await page.goto(f"{demo.url}messages/{mail.number}")
        link = page.frame_locator("iframe").get_by_role("link").first
        async with page.expect_console_message() as said:
            await link.click()
        assert "allow-popups" in (await said.value).text
        assert len(page.context.pages) == 1
        assert page.frames[1].url.endswith("/html")
        window.errors.clear()


async def test_a_hostile_mail_runs_nothing_and_fetches_nothing(demo: Demo) -> None:
    async with trap() as (address, visits):
        html = HOSTILE.replace("TRAP", address)
        mail = await demo.receives(stranger("A hostile mail", html))
        async with looking() as window:
            page = window.page
            await page.goto(f"{demo.url}messages/{mail.number}")
            await page.wait_for_selector(LIVE)
            inside = page.frame_locator("iframe.mail")
            await expect(inside.get_by_text("Nothing happened.")).to_be_visible()
            for name in ("A link", "Top"):
                await inside.get_by_role("link", name=name).click()
            await inside.get_by_role("button").click()
            await expect(inside.get_by_text("Nothing happened.")).to_be_visible()
            await expect(inside.get_by_text("script ran")).to_have_count(0)
            assert page.url == f"{demo.url}messages/{mail.number}"
            assert len(page.context.pages) == 1
            assert any("Blocked script execution" in error for error in window.errors)
            # The mail by itself, out of its frame.
            await page.goto(f"{demo.url}messages/{mail.number}/html")
            await expect(page.get_by_text("Nothing happened.")).to_be_visible()
            await expect(page.get_by_text("script ran")).to_have_count(0)
            assert visits == []
            # The trap works: a browser that follows the address is seen.
            await page.goto(f"http://{address}/seen")
            window.errors.clear()
        assert "GET /seen HTTP/1.1" in visits


async def test_the_keyboard_reaches_everything(demo: Demo) -> None:
    async with looking() as window:
        page = window.page
        await page.goto(demo.url)
        await page.wait_for_selector(LIVE)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to content"
        await expect(page.locator(".skip")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "content"
        await tab_to(page, "#send select")
        await page.goto(demo.url)
        number = demo.roll_up().number
        await tab_to(page, f"#messages a[href='/messages/{number}']")
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_contain_text("7 tickets need your attention")
        await expect(page.locator("nav [aria-current='page']")).to_have_count(1)
        await tab_to(page, "details summary")
        await page.keyboard.press("Enter")
        await expect(page.locator("details pre").first).to_be_visible()
        await tab_to(page, "details pre")


async def test_the_form_sends_another_by_keyboard(demo: Demo) -> None:
    async with looking() as window:
        page = window.page
        await page.goto(demo.url)
        await page.wait_for_selector(LIVE)
        await page.get_by_label("Priority").select_option("critical")
        await page.get_by_label("Who is assigned").select_option("Maria Garcia")
        await page.get_by_label("Title of the ticket").fill("打印机坏了")
        await page.keyboard.press("Enter")
        call = page.locator("#calls > li", has_text="打印机坏了")
        await expect(call.get_by_role("link")).to_have_count(2)
        await expect(page.locator("#news")).to_contain_text("打印机坏了")
        assert await page.evaluate("document.activeElement.id") == "title"
        await call.get_by_role("link").last.click()
        await expect(page.locator("main dl")).to_contain_text("UCS-2")
        await page.goto(demo.url)
        await page.get_by_label("What happens").select_option("Last call again")
        await page.get_by_role("button").click()
        await expect(page.locator("#news")).to_contain_text("200 duplicate")
        first = page.locator("#calls > li").first
        await expect(first).to_contain_text("Told nobody again")


async def test_it_fits_every_screen_and_can_be_read_by_day_and_by_night(demo: Demo) -> None:
    numbers = (demo.roll_up().number, demo.stage.catcher.mails[0].number, demo.newest_sms().number)
    faults: list[object] = []
    async with looking() as window:
        page = window.page
        for path in ("", *(f"messages/{number}" for number in numbers)):
            await page.goto(f"{demo.url}{path}")
            await page.wait_for_selector(LIVE)
            await page.evaluate(
                "document.getElementById('state').textContent += ' for all'.repeat(50)"
            )
            for details in await page.locator("details").all():
                await details.evaluate("node => { node.open = true; }")
            for width, dark in itertools.product(SIZES, (False, True)):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.emulate_media(color_scheme="dark" if dark else "light")
                needed = await page.evaluate("document.documentElement.scrollWidth")
                found = await page.evaluate(PALE)
                assert found["seen"] > 20
                described = [*found["pale"], *await page.evaluate(FAULTS)]
                described += [f"{needed} pixels wide"] if needed > width else []
                faults += [(path, width, dark, fault) for fault in described]
    assert faults == []


async def test_the_looks_are_really_looked_at(demo: Demo) -> None:
    spoilt = """
      document.querySelector("h1").style.color = "#999";
      document.querySelector("h1").style.backgroundColor = "#fff";
      document.querySelector("h1").insertAdjacentHTML("afterend", "<h1>x</h1><a href='#'></a>");
    """
    async with looking() as window:
        await window.page.goto(demo.url)
        await window.page.evaluate(spoilt)
        assert len((await window.page.evaluate(PALE))["pale"]) == 1
        faults = await window.page.evaluate(FAULTS)
        assert [fault.split(":")[0] for fault in faults] == ["no name", "2 of h1"]


async def test_nothing_moves_for_those_who_do_not_want_it(demo: Demo) -> None:
    counting = """
      window.moved = 0;
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (...given) {
        window.moved += 1;
        return animate.apply(this, given);
      };
    """
    async with looking() as window:
        page = window.page
        await page.add_init_script(counting)
        for wish, moved in (("reduce", 0), ("no-preference", 1)):
            await page.emulate_media(reduced_motion=wish)  # type: ignore[arg-type]
            await page.goto(demo.url)
            await page.wait_for_selector(LIVE)
            await demo.receives(stranger(f"Motion {wish}", None))
            newest = page.locator("#messages > li").first
            await expect(newest).to_contain_text(f"Motion {wish}")
            assert await page.evaluate("window.moved") == moved


async def test_when_the_demonstration_ends_the_page_says_so(demo: Demo) -> None:
    async with looking() as window:
        page = window.page
        async with serving.shown(demo.stage) as url:
            await page.goto(url)
            await page.wait_for_selector(LIVE)
        for place in ("#state", "#news"):
            await expect(page.locator(place)).to_contain_text("The demo does not answer; this page")
        await expect(page.locator(LIVE)).to_have_count(0)
        assert all("ERR_CONNECTION" in error for error in window.errors)
        window.errors.clear()


async def test_two_pages_of_one_demonstration_have_different_addresses(demo: Demo) -> None:
    async with serving.shown(demo.stage) as other:
        assert other != demo.url
