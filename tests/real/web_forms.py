"""The forms of a page as a browser would send them.

Takes HTML, gives forms with the values that stand in them. Refuses nothing.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """Where a form is sent ("": to its own page), and what it holds by name."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Leaves out what a browser leaves out: the disabled, the unchecked, and buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in given:
            self._fill(self._form, tag, given)

    def _fill(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "input" and name and _is_sent(given):
            ticked = given.get("type", "").lower() in ("checkbox", "radio")
            form.values[name] = given.get("value", "on" if ticked else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            form.values[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            form.values[name] = ""

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._textarea:
            # A line end right after the tag is not part of the text (HTML, 13.1.2.5).
            self._form.values[self._textarea] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None


def _is_sent(given: dict[str, str]) -> bool:
    kind = given.get("type", "text").lower()
    if kind in ("checkbox", "radio"):
        return "checked" in given
    return kind not in ("submit", "button", "reset", "image", "file")


def read(html: str) -> list[Form]:
    """Give every form of a page, in order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.forms
