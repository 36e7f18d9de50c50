"""The form of the cases: what stands in one that is wrong is named, and not passed over."""

import pytest

from tests.presets import cases

PASTE = '{"id": "$this->id$", "title": "$this->title$"}'
GOOD = """
about = "An agent gives the ticket to John"
[fill]
"$this->id$" = "81"
"$this->title$" = "Costs $this->id$"
[[events]]
type = "ticket.assigned"
"ticket.id" = "81"
"""


def test_a_body_is_filled_in_at_once() -> None:
    case = cases.read("desk", "assigned", GOOD, PASTE)
    assert case.body == b'{"id": "81", "title": "Costs $this->id$"}'
    assert (case.filled, case.status, case.prev) == (True, "mapped", None)


def test_what_is_known_before_has_every_key() -> None:
    text = GOOD.replace("[fill]", '[prev]\nassignee = { id = "7" }\n[fill]')
    known = cases.read("desk", "assigned", text, PASTE).prev
    assert known is not None
    assert (known["assignee"], known["actor"], known["closed"]) == ({"id": "7"}, None, False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("about =", "abuot =", "abuot is no key of a case"),
        ('about = "An agent gives the ticket to John"', "", "about is missing"),
        ("[fill]", "body = '{}'\n[fill]", "there must be a body or a fill"),
        ("[fill]", "status = 'maped'\n[fill]", "status must be one of"),
        ("[fill]", "status = 'ignored'\n[fill]", "a mapped case has events, and only it"),
        ("[fill]", "prev = { closd = true }\n[fill]", "prev.closd is not known of a ticket"),
        ("[fill]", "headers = 1\n[fill]", "headers must be a dict"),
        ("$this->title$", "$this->tittle$", "$this->tittle$ does not stand in about.body"),
        ('"$this->id$" = "81"', "", "$this->id$ of about.body is not filled"),
        ('"ticket.id" = "81"', '"ticket.di" = "81"', "events: ticket.di is no field"),
        ('"ticket.id" = "81"', "", "events: type and ticket.id must be given"),
        ('type = "ticket.assigned"', 'type = "a"\nassignee = "John"', "assignee can only be"),
    ],
)
def test_a_fault_is_named_with_its_file(old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^cases/desk/assigned\.toml: ") as caught:
        cases.read("desk", "assigned", GOOD.replace(old, new, 1), PASTE)
    assert said in str(caught.value)
