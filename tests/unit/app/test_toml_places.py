import pytest

from notifier.app.toml_places import line_of

TEXT = """\
# A comment with a = sign
[sources.desk]            # of ours
preset = "zammad"
secrets = [
  "env:A",
]

[[sources.desk.auth]]
scheme = "hmac"
[[sources.desk.auth]]
scheme = "token"
[sources.desk.auth.timestamp]
from = "header:x"

[sources.desk.map.fields]
"ticket.id" = "body.id"
'ticket.title' = "body.title"

[sources."other"]
dedupe.window = "7d"
map = { each = "body" }
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("sources", 2),
        ("sources.desk", 2),
        ("sources.desk.preset", 3),
        ("sources.desk.secrets.0", 4),
        ("sources.desk.unknown", 2),
        ("sources.desk.auth.0.header", 8),
        ("sources.desk.auth.0.scheme", 9),
        ("sources.desk.auth.1.scheme", 11),
        ("sources.desk.auth.1.timestamp.from", 13),
        ('sources.desk.map.fields."ticket.id"', 16),
        ('sources.desk.map.fields."ticket.title"', 17),
        ("sources.other.dedupe.window", 20),
        ("sources.other.map.each", 21),
        ("rest", None),
        ("", None),
    ],
)
def test_a_fault_is_found_on_the_line_where_it_is_written(place: str, line: int | None) -> None:
    assert line_of(TEXT, place) == line
