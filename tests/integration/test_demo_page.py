"""The demonstration's inbox page over HTTP: what it shows, and whom it answers."""

import hashlib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from notifier.demo import story
from notifier.demo.page.application import build
from notifier.demo.page.history import History
from tests.integration.demo_page import Demo, demonstration, stranger

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = {"kind": "ticket.assigned", "person": "7", "priority": "low", "title": "Paper jam"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with demonstration() as running:
        yield running


async def test_every_message_and_every_call_is_listed(demo: Demo) -> None:
    page = (await demo.client.get("/")).text
    for mail in demo.stage.catcher.mails:
        assert f'href="/messages/{mail.number}"' in page
    for sms in demo.stage.catcher.sms:
        assert sms.body in page
    for said in (
        "202 accepted",
        "200 duplicate",
        "Told nobody again: this webhook id counted before, as evt_",
        "401 refused",
        "Told nobody, kept nothing. The call is not signed with a secret known here.",
        "#124 Network Issue",
        "Mail to john@example.com: sent.",
    ):
        assert said in page


async def test_a_call_leads_to_each_message_that_it_led_to(demo: Demo) -> None:
    page = (await demo.client.get("/")).text
    call = page.split("#136 New starter needs an account</strong>")[1].split("</li>\n</ul>")[0]
    texts = [one for one in demo.stage.catcher.sms if "7 tickets" in one.body]
    assert f'href="/messages/{demo.roll_up().number}"' in call
    assert f'href="/messages/{texts[0].number}"' in call


async def test_a_mail_has_its_parts_headers_raw_source_and_path(demo: Demo) -> None:
    mail = demo.roll_up()
    page = (await demo.client.get(f"/messages/{mail.number}")).text
    digest = hashlib.sha256(mail.raw).hexdigest()[:16]
    for said in (
        f'<iframe class="mail" src="/messages/{mail.number}/html" sandbox ',
        "7 notices waited because of the limit of 2 mails per 4 seconds.",
        f"<dt>Message-ID</dt><dd>&lt;{mail.batch_id}@example.com&gt;</dd>",
        "Content-Transfer-Encoding: quoted-printable",
        "The help desk posted 7 events",
        "#130 Printer Not Working (high)",
        "Rule: ticket.assigned tells the assignee.",
        f"They left as one message, {mail.batch_id}, when the limit allowed it",
        "250 2.0.0 Kept (phase dot, outcome sent).",
        f"What arrived is byte for byte what the attempt recorded: SHA-256 {digest}",
        "Every delivery is sent.",
    ):
        assert said in page


async def test_the_path_is_looked_for_page_by_page_up_to_a_bound() -> None:
    async with story.told() as stage:
        (mail,) = (one for one in stage.catcher.mails if one.subject.startswith("7 tickets"))
        for page, first in ((200, 130), (2, 130), (1, 132)):
            async with History(stage.url, stage.token, page) as history:
                carried = await history.carried(mail)
            assert carried is not None
            found = [one["ticket"]["number"] for one in carried.deliveries]
            assert found == [str(number) for number in range(first, 137)]


async def test_a_text_message_has_its_segments_encoding_and_path(demo: Demo) -> None:
    (text,) = (one for one in demo.stage.catcher.sms if "#123" in one.body)
    page = (await demo.client.get(f"/messages/{text.number}")).text
    for said in (
        "[HIGH] Ticket #123 assigned to you: Printer Not Working",
        "<dt>Segments</dt><dd>1</dd>",
        "<dt>Encoding</dt><dd>GSM-7</dd>",
        "<dt>Length</dt><dd>57; one segment alone holds 160</dd>",
        f"<dd>{text.sid}</dd>",
        "assigned to John Smith by Administrator.",
        "John Smith is told by text message at +14155550123",
        "The same event led to a second delivery: Mail to john@example.com: sent.",
        "201 queued (phase response, outcome sent).",
    ):
        assert said in page
    assert "iframe" not in page


async def test_the_mail_itself_may_bring_styles_and_nothing_else(demo: Demo) -> None:
    mail = demo.roll_up()
    answer = await demo.client.get(f"/messages/{mail.number}/html")
    assert answer.text.replace('<base target="_blank">', "", 1) == mail.html
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[:3] == ["sandbox", "default-src 'none'", "style-src 'unsafe-inline'"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_raw_source_can_be_saved_as_it_came(demo: Demo) -> None:
    mail = demo.roll_up()
    answer = await demo.client.get(f"/messages/{mail.number}/raw")
    assert answer.content == mail.raw
    assert answer.headers["content-type"] == "message/rfc822"
    name = f'attachment; filename="message-{mail.number}.eml"'
    assert answer.headers["content-disposition"] == name


@pytest.mark.parametrize(
    "path", ["/", "/messages/1", "/messages/999", "/static/page.css", "/static/page.js", "/none"]
)
async def test_every_answer_forbids_what_does_not_come_from_here(demo: Demo, path: str) -> None:
    answer = await demo.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert not {"http:", "https:", "*", "data:"} & set(policy.replace(";", "").split())


async def test_no_page_holds_the_token(demo: Demo) -> None:
    for number in range(len(demo.stage.catcher.mails) + len(demo.stage.catcher.sms) + 1):
        path = f"/messages/{number}" if number else "/"
        assert demo.stage.token not in (await demo.client.get(path)).text


async def test_what_was_seen_already_is_not_sent_again(demo: Demo) -> None:
    path = f"/messages/{demo.roll_up().number}"
    tag = (await demo.client.get(path)).headers["etag"]
    again = await demo.client.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await demo.client.get("/", headers={"if-none-match": tag})).status_code == 200


@pytest.mark.parametrize("host", ["desk.example.com", "127.0.0.1.example.com:80", "", "[::1]"])
async def test_a_name_that_is_not_loopback_is_refused(demo: Demo, host: str) -> None:
    answer = await demo.client.get("/", headers={"host": host})
    assert (answer.status_code, "Printer" in answer.text) == (400, False)


async def test_it_answers_to_the_name_localhost(demo: Demo) -> None:
    port = demo.url.rstrip("/").rpartition(":")[2]
    answer = await demo.client.get("/", headers={"host": f"localhost:{port}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/messages/0", 404),
        ("GET", "/messages/x", 404),
        ("GET", "/messages/999/html", 404),
        ("GET", "/static/../application.py", 404),
        ("GET", "/calls", 405),
        ("POST", "/", 405),
        ("DELETE", "/messages/1", 405),
    ],
)
async def test_anything_else_is_refused_with_a_page(
    demo: Demo, method: str, path: str, status: int
) -> None:
    answer = await demo.client.request(method, path)
    assert answer.status_code == status
    assert "To the inbox" in answer.text


async def test_a_text_message_has_no_mail(demo: Demo) -> None:
    number = demo.newest_sms().number
    for part in ("html", "raw"):
        assert (await demo.client.get(f"/messages/{number}/{part}")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "word"),
    [
        ({}, 202, None),
        ({"kind": "ticket.created", "person": "8", "priority": "critical"}, 202, None),
        ({"kind": "again"}, 200, "duplicate"),
        ({"kind": "forged"}, 401, None),
    ],
    ids=["assigned", "created", "again", "forged"],
)
async def test_the_form_lets_the_desk_post_once_more(
    demo: Demo, changed: dict[str, str], status: int, word: str | None
) -> None:
    before = demo.stage.posted
    answer = await demo.client.post("/calls", data={**FORM, **changed})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (posted,) = demo.stage.posted[len(before) :]
    assert posted.status == status
    assert word is None or posted.answer["status"] == word
    assert f'id="call-{posted.place}"' in (await demo.client.get("/")).text


async def test_with_nothing_to_repeat_a_new_call_is_posted(demo: Demo) -> None:
    earlier = demo.stage.posted
    demo.stage.desk.posted.clear()
    await demo.client.post("/calls", data={**FORM, "kind": "again"})
    (posted,) = demo.stage.posted
    assert (posted.status, posted.body["data"]["ticket"]["title"]) == (202, "Paper jam")
    demo.stage.desk.posted.extendleft(reversed(earlier))


async def test_a_browser_that_leaves_before_its_form_has_arrived_posts_nothing(demo: Demo) -> None:
    before, answers = demo.stage.posted, []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answers.append(message)

    host = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/calls", "headers": host}
    async with History(demo.stage.url, demo.stage.token) as history:
        page = build(demo.stage, history)
        await page({**scope, "query_string": b""}, receive, send)
    assert (answers[0]["status"], demo.stage.posted) == (400, before)


async def test_a_title_reaches_its_reader_as_text(demo: Demo) -> None:
    title = '<script>alert("1")</script> 100 € & 印刷'
    await demo.client.post("/calls", data={**FORM, "title": title, "priority": "critical"})
    page = (await demo.client.get("/")).text
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; 100 € &amp; 印刷" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "ticket.closed"},
        {"person": "1"},
        {"priority": ""},
        {"title": "a" * 201},
        {f"x{number}": "y" for number in range(20)},
    ],
    ids=["kind", "person", "priority", "title", "fields"],
)
async def test_a_form_that_the_page_does_not_offer_posts_nothing(
    demo: Demo, changed: dict[str, str]
) -> None:
    before = demo.stage.posted
    answer = await demo.client.post("/calls", data={**FORM, **changed})
    assert (answer.status_code, demo.stage.posted) == (422, before)


async def test_a_form_without_a_title_shows_why_the_service_refused_it(demo: Demo) -> None:
    await demo.client.post("/calls", data={**FORM, "title": ""})
    assert demo.stage.posted[-1].status == 422
    assert "data.ticket.title" in (await demo.client.get("/")).text


async def test_a_form_that_is_too_large_posts_nothing(demo: Demo) -> None:
    before = demo.stage.posted
    answer = await demo.client.post("/calls", data={**FORM, "more": "x" * 5000})
    assert (answer.status_code, demo.stage.posted) == (413, before)


@pytest.mark.parametrize("origin", ["http://evil.example.com", "null", "https://127.0.0.1"])
async def test_a_form_of_another_site_posts_nothing(demo: Demo, origin: str) -> None:
    before = demo.stage.posted
    answer = await demo.client.post("/calls", data=FORM, headers={"origin": origin})
    assert (answer.status_code, demo.stage.posted) == (403, before)


async def test_what_somebody_else_posted_is_shown_too(demo: Demo) -> None:
    posted = await demo.stage.desk.post(
        demo.stage.desk.next_event("ticket.resolved", "Solved by itself", "low", {"id": "7"})
    )
    demo.stage.desk.posted.remove(posted)
    page = (await demo.client.get("/")).text
    call = page.split(f'id="call-{posted.answer["event_id"]}"')[1].split("</ul>")[0]
    assert "posted by somebody else" in call
    assert "Told nobody. Nobody is told of this type." in call


@pytest.mark.parametrize("html", [None, "<p>no head</p>"], ids=["text only", "no head"])
async def test_a_strangers_mail_is_shown_without_a_path(demo: Demo, html: str | None) -> None:
    caught = await demo.receives(stranger(f"From a stranger {html}", html))
    page = (await demo.client.get(f"/messages/{caught.number}")).text
    assert "No delivery of the service carries this message." in page
    assert "Only words." in page
    assert ("This mail has no HTML part." in page) == (html is None)
    answer = await demo.client.get(f"/messages/{caught.number}/html")
    assert answer.status_code == (404 if html is None else 200)


async def test_a_mail_in_an_unknown_charset_is_shown_as_well_as_can_be(demo: Demo) -> None:
    mail = EmailMessage()
    mail["From"] = "somebody@example.com"
    mail["To"] = "john@example.com"
    mail["Subject"] = "Klingon"
    mail.set_content("nuqneH\n")
    mail.replace_header("Content-Type", 'text/plain; charset="x-klingon"')
    caught = await demo.receives(mail)
    assert caught.text == "nuqneH\n"
    assert "nuqneH" in (await demo.client.get(f"/messages/{caught.number}")).text


async def test_without_the_service_the_page_says_so(demo: Demo) -> None:
    async with History("http://127.0.0.1:1", demo.stage.token) as nowhere:
        transport = httpx2.ASGITransport(app=build(demo.stage, nowhere))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get("/")
    assert answer.status_code == 503
    assert "The service does not answer." in answer.text


async def test_the_messages_are_numbered_in_the_order_in_which_they_came(demo: Demo) -> None:
    caught = [*demo.stage.catcher.mails, *demo.stage.catcher.sms]
    assert sorted(one.number for one in caught) == list(range(1, len(caught) + 1))
    mails = demo.stage.catcher.mails
    assert [one.at for one in mails] == sorted(one.at for one in mails)
