"""A page of a list, as every command that lists shows it.

Takes a page of the API, gives a table, or the document itself. Refuses nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifier.cli import output, tables
from notifier.cli.output import Document


@dataclass(frozen=True, slots=True)
class Listing:
    """What `notifier WHAT list` shows: columns, how far each may be narrowed, and a row of them."""

    what: str
    heads: Sequence[str]
    least: Sequence[int]
    row: Callable[[Document], Sequence[object]]

    def show(self, page: Document, *, as_json: bool) -> None:
        """Write a page, and where the next one begins."""
        if as_json:
            output.document(page)
            return
        if not page["items"]:
            output.say(f"No such {self.what}.")
            return
        for line in tables.table(self.heads, [self.row(one) for one in page["items"]], self.least):
            output.say(line)
        if page["next_cursor"]:
            output.complain(f"There are more: add --cursor {page['next_cursor']}")
