"""What every message keeps to, whatever it says: readable, small, and only what it may say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.deliveries import Batch
from notifier.model.events import Event, Party, Priority
from notifier.model.messages import Email, Medium, Sms
from notifier.rendering import mime
from notifier.rendering.renderer import Renderer
from notifier.rendering.sms import count
from notifier.rendering.text import NAME, TITLE, clean
from tests.unit.rendering.examples import (
    ASSIGNED,
    CREATED,
    LINKED,
    STYLE,
    TEST,
    about,
    batch,
    titled,
)

RENDERER = Renderer(STYLE)
LINK = "https://desk.example.com/tickets/123"
FOLDERS = sorted(
    entry.name
    for entry in (files("notifier") / "templates").iterdir()
    if entry.is_dir() and not entry.name.startswith("_")
)
FILES = {"subject.txt.j2", "body.txt.j2", "body.html.j2", "sms.txt.j2"}


def prioritised(priority: Priority, event: Event) -> Event:
    return replace(event, ticket=replace(event.ticket, priority=priority))


def rolled(*, of: Event, tickets: int = 7) -> Batch:
    ranks = list(Priority)
    return batch(*(about(str(130 + place), ranks[place % 4], of) for place in range(tickets)))


BATCHES: dict[str, Batch] = {
    **{f"assigned {one}": batch(prioritised(one, LINKED)) for one in Priority},
    **{f"created {one}": batch(prioritised(one, CREATED)) for one in Priority},
    "rollup": rolled(of=CREATED),
    "rollup linked": rolled(of=LINKED, tickets=200),
    "test": batch(TEST),
    "nameless": batch(replace(ASSIGNED, actor=None, requester=None), name=None),
}
EVERY = pytest.mark.parametrize("made_from", BATCHES.values(), ids=list(BATCHES))


def mail(made_from: Batch) -> Email:
    message = RENDERER.render(made_from, Medium.EMAIL)
    assert isinstance(message, Email)
    return message


def sms(made_from: Batch) -> Sms:
    message = RENDERER.render(made_from, Medium.SMS)
    assert isinstance(message, Sms)
    return message


@dataclass(frozen=True)
class Run:
    """A stretch of text with the colours it is shown in; `classes` are those of its tags."""

    text: str
    ink: str
    ground: str
    classes: frozenset[str]


Rules = dict[str, dict[str, str]]


class Page(HTMLParser):
    """Reads a page as a browser without scripts does: tags, texts, inherited colours."""

    def __init__(self, html: str, rules: Rules | None = None) -> None:
        super().__init__()
        self.rules = rules or {}
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.runs: list[Run] = []
        self.sheet = ""
        self._open: list[tuple[str, Run]] = [("", Run("", "#000000", "#ffffff", frozenset()))]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_attrs = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given_attrs))
        if tag in ("meta", "br"):
            return
        _, outer = self._open[-1]
        style = declarations(given_attrs.get("style", ""))
        if "bgcolor" in given_attrs:
            style.setdefault("background-color", given_attrs["bgcolor"])
        classes = given_attrs.get("class", "").split()
        for selector in (tag, *(f".{name}" for name in classes)):
            style |= self.rules.get(selector, {})
        self._open.append(
            (
                tag,
                Run(
                    "",
                    style.get("color", outer.ink),
                    style.get("background-color", outer.ground),
                    outer.classes | set(classes),
                ),
            )
        )

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag

    def handle_data(self, data: str) -> None:
        tag, around = self._open[-1]
        if tag == "style":
            self.sheet += data
        elif tag != "title" and data.strip():
            self.runs.append(replace(around, text=data))

    def words(self) -> list[str]:
        shown = (run.text for run in self.runs if "press" not in run.classes)
        return words_of(" ".join(shown))


def declarations(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";") if part.strip())
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def dark_rules(sheet: str) -> Rules:
    """Read the rules for a dark screen; they are written so that the last match wins."""
    _, _, rest = sheet.partition("(prefers-color-scheme: dark) {")
    rules: Rules = {}
    for selectors, style in re.findall(r"([^{}]+)\{([^{}]*)\}", rest.partition("\n}\n")[0]):
        for selector in selectors.split(","):
            rules.setdefault(selector.strip(), {}).update(declarations(style))
    return rules


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\s•\[\]]+", text)


def luminance(colour: str) -> float:
    """Give the relative luminance of `#rrggbb` (WCAG 2.2)."""
    assert re.fullmatch(r"#[0-9a-f]{6}", colour), colour
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_message_has_a_subject_two_bodies_and_a_text_message(folder: str) -> None:
    directory = files("notifier") / "templates" / folder
    assert {entry.name for entry in directory.iterdir()} == FILES


@EVERY
def test_text_and_html_say_the_same_words_in_the_same_order(made_from: Batch) -> None:
    message = mail(made_from)
    assert Page(message.html).words() == words_of(message.text)


@EVERY
def test_every_word_can_be_read_on_a_light_and_on_a_dark_screen(made_from: Batch) -> None:
    html = mail(made_from).html
    rules = dark_rules(Page(html).sheet)
    assert rules.keys() >= {"body", ".card", "td", ".link", ".label"}
    light, dark = Page(html), Page(html, rules)
    assert {run.ground for run in light.runs} & {run.ground for run in dark.runs} <= {
        *("#b91c1c", "#c2410c", "#1d4ed8", "#4b5563")
    }
    for run in (*light.runs, *dark.runs):
        assert contrast(run.ink, run.ground) >= 4.5, run


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("of", [ASSIGNED, CREATED])
def test_the_priority_is_a_word_and_a_colour(priority: Priority, of: Event) -> None:
    def badges(shown: Priority) -> list[Run]:
        page = Page(mail(batch(prioritised(shown, of))).html)
        return [run for run in page.runs if "badge" in run.classes]

    (badge,) = badges(priority)
    assert badge.text == priority.upper()
    grounds = {badges(other)[0].ground for other in Priority}
    assert len(grounds) == len(Priority)


def test_a_button_leads_to_the_ticket_where_there_is_a_link() -> None:
    page = Page(mail(batch(LINKED)).html)
    hrefs = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert hrefs == [LINK, LINK]
    (button,) = (attrs for tag, attrs in page.tags if attrs.get("class") == "button")
    assert button["bgcolor"] == "#1d4ed8"
    assert "mso-padding-alt" in button["style"]
    assert "press" not in mail(batch(ASSIGNED)).html.partition("</style>")[2]


@EVERY
def test_every_mail_is_made_of_tables_and_solid_colours_only(made_from: Batch) -> None:
    page = Page(mail(made_from).html)
    allowed = {"html", "head", "meta", "title", "style", "body", "table", "tbody", "tr", "td"}
    assert {tag for tag, _ in page.tags} <= allowed | {"a", "br", "span"}
    styles = page.sheet + "".join(attrs.get("style", "") for _, attrs in page.tags)
    assert not re.search(
        r"gradient|flex|grid|float|position|url\(|@import|var\(|rgba|background:|expression", styles
    )
    tables = [attrs for tag, attrs in page.tags if tag == "table"]
    assert {attrs["role"] for attrs in tables} == {"presentation"}
    metas = {attrs.get("name"): attrs.get("content") for tag, attrs in page.tags if tag == "meta"}
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"


@EVERY
def test_no_mail_names_an_address_but_the_tickets(made_from: Batch) -> None:
    html = mail(made_from).html
    assert not re.search(r"(https?:|//|www\.)", html.replace(LINK, ""))
    assert not re.search(r"\b(src|background|action|srcset)=", html)


@EVERY
def test_inside_outlooks_comments_there_is_no_word(made_from: Batch) -> None:
    comments = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", mail(made_from).html)
    assert len(comments) == 2
    assert not words_of(re.sub(r"<[^>]*>", "", "".join(comments)))


@EVERY
def test_every_mail_is_read_back_as_it_was_rendered(made_from: Batch) -> None:
    message = mail(made_from)
    assert mime.read(message.raw) == message


HOSTILE = {
    "quotes": '"' * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "emoji": "🔥" * 1_000_000,
    "tags": "<b>" * 300_000,
    "unseen": "\u200b\u202e\x00\ud800" * 250_000,
    "marks": "e\u0301\u0323" * 300_000,
    "line ends": " \r\n" * 300_000,
    "words": "word " * 200_000,
}
EACH_HOSTILE = pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))


def hostile_event(text: str, of: Event = LINKED) -> Event:
    party = Party("1", text, text)
    ticket = replace(of.ticket, title=text, category=text, status=text, url=f"{LINK}?{text}")
    return replace(of, ticket=ticket, assignee=party, requester=party, actor=party)


@EACH_HOSTILE
@pytest.mark.parametrize("of", [ASSIGNED, CREATED, TEST])
def test_a_megabyte_makes_no_large_mail_and_no_long_text(text: str, of: Event) -> None:
    made_from = batch(hostile_event(text, of), name=text)
    assert len(mail(made_from).html.encode()) < 100_000
    assert max(map(len, mail(made_from).raw.split(b"\r\n"))) <= 998
    assert sms(made_from).segments <= 1


@EACH_HOSTILE
def test_a_thousand_hostile_tickets_make_no_large_mail(text: str) -> None:
    link = f"{LINK}?{'&' * (119 - len(LINK))}"
    ticket = replace(LINKED.ticket, title=text[:5_000], number=text[:500], url=link)
    happened = [replace(LINKED, ticket=replace(ticket, id=str(number))) for number in range(1_000)]
    made_from = batch(*happened, name=text)
    assert len(mail(made_from).html.encode()) < 100_000
    assert sms(made_from).segments <= 1


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% if x %}", "{# x #}", "jinja0x", "<!--jinja0-->", "\\1 %s {id}"]
)
def test_template_syntax_in_a_title_stays_what_it_is(text: str) -> None:
    made_from = batch(titled(text), titled(text, about("9")), name=text)
    for one in (made_from, replace(made_from, members=made_from.members[:1])):
        assert text in mail(one).text
        assert mail(one).text.startswith(f"Hi {text},")
        assert Page(mail(one).html).words() == words_of(mail(one).text)
    assert text in mail(batch(titled(text))).subject
    assert text in sms(batch(titled(text))).body


@pytest.mark.fault("G11")
@given(st.text(st.one_of(st.sampled_from("<>&\"'{}%#\r\n"), st.characters()), max_size=60))
@settings(deadline=None)
def test_hostile_text_changes_no_tag_and_no_header(text: str) -> None:
    calm, wild = (
        [batch(hostile_event(one, of), name=one) for of in (ASSIGNED, CREATED)]
        for one in ("x", f"x{text}")
    )
    for before, after in zip(calm, wild, strict=True):
        message = mail(after)
        tags = [tag for tag, _ in Page(message.html).tags]
        expected = [tag for tag, _ in Page(mail(before).html).tags]
        # A link that may not be shown takes its row and its button with it.
        assert tags == expected or "a" not in tags
        assert f"• Title: {clean(f'x{text}', TITLE)}\n" in message.text
        assert message.text.startswith(f"Hi {clean(f'x{text}', NAME)},\n")
        assert mime.read(message.raw) == message
        assert [name for name, _ in headers(message)] == [name for name, _ in headers(mail(before))]


def headers(message: Email) -> Iterator[tuple[str, str]]:
    head = message.raw.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    for line in head.split("\r\n"):
        name, _, value = line.partition(": ")
        yield name, value


@pytest.mark.parametrize("of", [ASSIGNED, CREATED])
def test_no_message_carries_what_it_may_not(of: Event) -> None:
    party = Party("canary", "Jane Doe", "canary@example.com", "+14155550199", "canary", "canary")
    secret = replace(
        of,
        webhook_id="canary",
        assignee=party,
        requester=party,
        actor=party,
        ticket=replace(of.ticket, status="canary", version="canary"),
    )
    for made_from in (batch(secret), batch(secret, about("9", of=secret))):
        message = mail(made_from)
        said = message.subject + message.text + message.html + message.raw.decode()
        said += sms(made_from).body
        assert "canary" not in said
        assert "4155550199" not in said


@EVERY
def test_every_text_message_is_one_segment_and_has_no_link(made_from: Batch) -> None:
    message = sms(made_from)
    assert count(message.body) == message.segments == 1
    assert message.encoding == "GSM-7"
    assert "http" not in message.body
