"""The help desks that are configured at present, by name.

Takes sources, gives one by its name. Refuses (UnknownSource) a name that nobody has.
"""

from collections.abc import Mapping

from notifier.model.errors import UnknownSource
from notifier.web.webhooks import Desk


class Desks:
    """Changed whole and at once, so that nobody ever sees half of an old and half of a new one.

    A call keeps the source that it was given, whatever is put in its place meanwhile.
    """

    def __init__(self, sources: Mapping[str, Desk]) -> None:
        """`sources` is not copied; nobody changes it any more."""
        self._sources = sources

    def find(self, name: str) -> Desk:
        """Give the source of that name; raises UnknownSource."""
        try:
            return self._sources[name]
        except KeyError:
            raise UnknownSource(f"no help desk named {name!r} is configured") from None

    def names(self) -> tuple[str, ...]:
        """Give all names, in alphabetical order."""
        return tuple(sorted(self._sources))

    def replace(self, sources: Mapping[str, Desk]) -> None:
        """Put others in the place of all."""
        self._sources = sources
