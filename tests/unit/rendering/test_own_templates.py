"""Templates of the operator's: what they change, what becomes of broken ones."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.model.deliveries import Batch
from notifier.model.messages import Email, Medium, Message, Sms
from notifier.rendering import pages
from notifier.rendering.renderer import Renderer
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
from tests.unit.rendering.folders import (
    CLOSING,
    END,
    HTML,
    PAGE,
    SMS,
    SUBJECT,
    TEXT,
    faults,
    put,
    told,
)

BUILT_IN = Renderer(STYLE)
MANY = batch(*(about(str(number)) for number in range(120)))
EVERY = (batch(ASSIGNED), batch(CREATED), batch(LINKED), batch(TEST), MANY)


def mail(renderer: Renderer, made_from: Batch | None = None) -> Email:
    message = renderer.render(made_from or batch(ASSIGNED), Medium.EMAIL)
    assert isinstance(message, Email)
    return message


def sms(renderer: Renderer, made_from: Batch | None = None) -> Sms:
    message = renderer.render(made_from or batch(ASSIGNED), Medium.SMS)
    assert isinstance(message, Sms)
    return message


def both(renderer: Renderer, made_from: Batch) -> tuple[Message, Message]:
    return mail(renderer, made_from), sms(renderer, made_from)


def test_one_file_changes_one_part_of_one_message(tmp_path: Path) -> None:
    mine = told(put(tmp_path, SUBJECT, "Yours: {{ number }}\r\n"))
    assert (mine.overridden, mine.faults) == ((SUBJECT,), ())
    assert mail(mine).subject == "Yours: #123"
    assert mail(mine).text == mail(BUILT_IN).text
    assert both(mine, batch(CREATED)) == both(BUILT_IN, batch(CREATED))


def test_a_text_message_still_ends_with_as_much_of_the_title_as_fits(tmp_path: Path) -> None:
    mine = told(put(tmp_path, SMS, "{{ priority|capitalize }} {{ number }}: {{ title }}"))
    assert sms(mine).body == "High #123: Printer Not Working"
    assert sms(mine, batch(titled("x" * 500))).segments == 1


def test_a_part_of_the_layout_changes_every_message(tmp_path: Path) -> None:
    mine = told(put(tmp_path, CLOSING, "Cheers,\n{{ from_name }}\n"))
    for made_from in EVERY:
        assert mail(mine, made_from).text.endswith("\nCheers,\nIT Help Desk System")


def test_styles_of_a_layout_are_written_into_the_tags(tmp_path: Path) -> None:
    page = "<style>.mine { color: #123456; }</style>{% block content %}{% endblock %}"
    put(tmp_path, "_layout/page.html.j2", f"{page}{{% set tones = {{}} %}}")
    put(tmp_path, HTML, f'{PAGE}<p class="mine">{{{{ title }}}}</p>{END}')
    mine = told(tmp_path)
    assert '<p class="mine" style="color: #123456;">Printer Not Working</p>' in mail(mine).html
    assert HTML in mine.overridden
    # The badge of the others has no colour in this layout, so they stay whole as they were.
    assert mail(mine, batch(CREATED)).html == mail(BUILT_IN, batch(CREATED)).html
    assert "ticket.created/body.html.j2" not in {fault.name for fault in mine.faults}
    assert [fault.name for fault in mine.faults] == ["_layout/page.html.j2"]


def test_text_of_a_ticket_is_escaped_in_html_only(tmp_path: Path) -> None:
    put(tmp_path, HTML, f"{PAGE}<p>{{{{ title ~ '<i>' }}}}</p>{END}")
    put(tmp_path, TEXT, "{{ title ~ '<i>' }}")
    message = mail(told(tmp_path), batch(titled("<b>")))
    assert "<p>&lt;b&gt;&lt;i&gt;</p>" in message.html
    assert message.text == "<b><i>"


def test_copies_of_the_built_in_ones_give_the_same_bytes(tmp_path: Path) -> None:
    shutil.copytree(str(pages.BUILT_IN), tmp_path, dirs_exist_ok=True)
    mine = told(tmp_path)
    assert mine.faults == ()
    assert len(mine.overridden) == 20
    for made_from in EVERY:
        assert both(mine, made_from) == both(BUILT_IN, made_from)


LANGUAGE = {
    "{{ title|upper|lower|capitalize|title|trim }}": "Printer Not Working",
    "{{ title|truncate(9) }}": "Printer…",
    "{{ title|truncate(length=9) }}": "Printer…",
    "{{ title|truncate(9, end='') }}": None,
    "{{ number|replace('#', 'No. ') }}": "No. 123",
    "{{ number|replace('', '-') }}": "-#-1-2-3-",
    "{{ category|default('-', boolean=true) }}": "Hardware",
    "{{ category|d('-', true) }}": "Hardware",
    "{{ [1, 'a']|join('; ') }} {{ [2]|length + 1 }} {{ 'ab'|count - 3 }}": "1; a 2 -1",
    "{{ 'ab'|first ~ 'ab'|last }}{{ []|first }}": "ab",
    "{% for a, b in [['x', 1], ['y', 2]] %}{{ loop.index }}{{ a }}{{ b }} {% endfor %}": "1x1 2y2",
    "{% for one in [1, 2, 3] if one is odd %}{{ one }}{% else %}none{% endfor %}": "13",
    "{{ {'HIGH': 'now'}[priority]|d('later') }}{{ title[:3] }}{{ title[-1:] }}": "nowPrig",
    "{{ 'yes' if 'Print' in title and priority in ['HIGH'] and not name == '' }}": "yes",
    "{% set a, b = 1, 2 %}{{ a ~ b }}{{ -a }}": "12-1",
    "{{ 'tab\\tand' }}\n{{ 1.5 }}": "tab\tand\n1.5",
}


@pytest.mark.parametrize("source", LANGUAGE)
def test_what_a_template_may_say(source: str, tmp_path: Path) -> None:
    mine, expected = told(put(tmp_path, TEXT, f"> {source}")), LANGUAGE[source]
    if expected is None:
        assert [fault.name for fault in mine.faults] == [TEXT]
    else:
        assert mine.faults == ()
        assert mail(mine).text == f"> {expected}"


BROKEN = {
    "{% if %}": "line 1: Expected an expression, got 'end of statement block'",
    "a\n{{ colour }}": "there is no variable colour; there are assigned_by, category, ",
    "{{ titel }}": "there is no variable titel; did you mean title?",
    "{{ details }}": "there is no variable details; there are ",
    "{% if false %}{{ colour }}{% endif %}x": "there is no variable colour; ",
    "{{ title|wordwrap }}": "line 1: there is no filter wordwrap; there are capitalize, ",
    "{{ title is callable }}": "line 1: there is no test callable; there are defined, ",
    "{{ title.colour }}": "line 1: there is no field colour; there are ",
    "{{ loop.indx }}": "line 1: there is no field indx; did you mean index?",
    "{{ number + 1 }}": "+ is for whole numbers; ~ joins texts",
    "{{ 999999999 + 999999999 }}": "a number is too large",
    "{{ number.title }}": "a text or a number is wanted, not a list or a table",
    "{% for letter in title %}x{% endfor %}": "a list is wanted",
    "{{ title|length if not title|join }}": "a list is wanted",
    "{{ {'HIGH': 'now'}[priority] }}": "'dict object' has no attribute 'LOW'",
    '{% include "_layout/none.txt.j2" %}': "line 1: only these may be included: _layout/closing",
    '{%- include "_layout/closing.txt.j2" -%}': "write parts exactly as ",
    "{% block content %}x{% endblock %}": "write parts exactly as ",
    "  \n": "it says nothing",
    "a\x07": "it has control characters",
    "{{ '\\ud83d' }}": "'utf-8' codec can't encode character",
}


@pytest.mark.parametrize("source", BROKEN)
def test_a_broken_file_is_named_and_the_built_in_one_is_used(source: str, tmp_path: Path) -> None:
    mine, expected = told(put(tmp_path, TEXT, source)), BROKEN[source]
    assert mail(mine) == mail(BUILT_IN)
    (fault,) = mine.faults
    assert (fault.name, mine.overridden) == (TEXT, ())
    assert fault.said.startswith(expected)
    assert fault.mend == "mend the file or remove it"
    assert mine.recipe == BUILT_IN.recipe


@pytest.mark.parametrize("source", ["a\nb", "{{ 'a\\nb' }}", "{{ subject }}", "x" * 2_001])
def test_a_subject_is_one_line_and_knows_no_other(source: str, tmp_path: Path) -> None:
    folder = put(tmp_path, SUBJECT, source)
    expected = "there is no variable subject" if "subject" in source else "a subject is one line"
    assert faults(folder)[SUBJECT].startswith(expected)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("_layout/page.html.j2", "<p>{{ name }}</p>"),
        ("_layout/details.html.j2", '{% include "_layout/details.html.j2" %}'),
    ],
)
def test_a_layout_that_would_lose_the_content_or_never_end_is_refused(
    name: str, source: str, tmp_path: Path
) -> None:
    mine = told(put(tmp_path, name, source))
    assert [fault.name for fault in mine.faults] == [name]
    assert mail(mine) == mail(BUILT_IN)


def test_of_files_that_do_not_work_together_those_that_do_are_used(tmp_path: Path) -> None:
    put(tmp_path, CLOSING, "{% set shown = from_name %}{{ shown }}")
    put(tmp_path, TEXT, '{{ title }} {% include "_layout/closing.txt.j2" %}{{ 1 + title }}')
    mine = told(tmp_path)
    assert mail(mine).text.endswith("manage this ticket.\n\nIT Help Desk System")
    assert [fault.name for fault in mine.faults] == [TEXT]
    assert mine.faults[0].said.endswith(f"(made of {CLOSING}, {TEXT})")
    assert CLOSING in mine.overridden


def test_a_part_that_no_message_includes_is_told(tmp_path: Path) -> None:
    put(tmp_path, "_layout/details.html.j2", "<b>{{ link }}</b>")
    for folder in ("ticket.assigned", "ticket.created"):
        put(tmp_path, f"{folder}/body.html.j2", f"{PAGE}<p>{{{{ number }}}}</p>{END}")
    assert faults(tmp_path) == {"_layout/details.html.j2": "no message includes it"}


def test_what_fails_later_is_told_and_the_message_leaves_in_the_built_in_words(
    tmp_path: Path,
) -> None:
    failed: list[str] = []
    source = "{% if title == 'Boom' %}{{ 1 + title }}{% endif %}Yours: {{ number }}"
    mine = told(put(tmp_path, SUBJECT, source), failed)
    assert mine.faults == ()
    assert mail(mine).subject == "Yours: #123"
    assert failed == []
    assert mail(mine, batch(titled("Boom"))).subject == "New Ticket Assigned: #123 - Boom"
    assert failed == [f"{SUBJECT}: + is for whole numbers; ~ joins texts"]
    assert mail(told(tmp_path), batch(titled("Boom"))).subject.endswith("Boom")


def test_the_recipe_changes_with_every_file_that_is_used(tmp_path: Path) -> None:
    recipes = [told(put(tmp_path, SUBJECT, source)).recipe for source in ("a", "b")]
    recipes.append(BUILT_IN.recipe)
    recipes.append(told(put(tmp_path, CLOSING, "{{ from_name }}")).recipe)
    assert len(set(recipes)) == len(recipes)
    assert told(tmp_path).recipe == recipes[-1]
    assert Renderer(replace(STYLE, from_name="Desk"), tmp_path).recipe not in recipes
