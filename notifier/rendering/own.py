"""The operator's templates: read, tried, and compiled within bounds.

Takes the folder, the built-in sources and example facts, gives the pages that are made of
other files than built-in ones, and what is wrong with the rest. Refuses nothing by raising: a
file that is broken is named, and the built-in one stands in its place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jinja2 import TemplateError, TemplateSyntaxError

from notifier.rendering import composing, overrides, samples, text
from notifier.rendering.bounded import Bounds, Compiled
from notifier.rendering.composing import HTML, Composed
from notifier.rendering.facts import Facts
from notifier.rendering.grammar import Refused
from notifier.rendering.inlining import Inliner
from notifier.rendering.overrides import Broken

Sources = Mapping[str, str]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST_WORDS = 300
_LONGEST_SUBJECT = 2_000

ERRORS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Whatever a template or a fact can do wrong; anything else is a fault of the service."""

# What Jinja makes of a template is compiled by Python, which has limits of its own.
_LOADING = (*ERRORS, MemoryError, SyntaxError)


def render(page: Compiled, name: str, facts: Facts | Mapping[str, object]) -> str:
    """Give the text, fit for its place; raises one of ERRORS."""
    made = page.render(facts)
    shown = made.strip()
    if not shown:
        raise Refused("it says nothing, perhaps only where title and names are unknown")
    # A constant may be half of a character, which no mail can carry; this raises ValueError.
    shown.encode()
    if _CONTROLS.search(shown):
        raise Refused("it has control characters")
    if "/subject." in name and ("\n" in shown or len(shown) > _LONGEST_SUBJECT):
        raise Refused("a subject is one line")
    return made


def words_of(error: BaseException) -> str:
    """Give one line that says what is wrong."""
    if isinstance(error, TemplateSyntaxError):
        said = f"line {error.lineno}: {error.message}"
    elif isinstance(error, RecursionError):
        said = "it is too deeply nested"
    elif isinstance(error, TemplateError | ValueError):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {error}"
    return text.clean(said, _LONGEST_WORDS)


class Own:
    """Pages by name (`ticket.assigned/body.html.j2`), the files used in them, and the faults."""

    def __init__(
        self, folder: Path, built_in: Sources, known: Mapping[str, Sequence[Facts]]
    ) -> None:
        """`known` are example facts by folder."""
        self._built_in = built_in
        self._known = known
        self._bounds = Bounds(sorted(built_in))
        self._inliner = Inliner()
        found = overrides.read(folder, built_in)
        self._faults = dict.fromkeys(found.faults)
        self._files = {name: one for name, one in found.files.items() if self._sound(name, one)}
        self.pages: dict[str, Compiled] = {}
        self.sources: dict[str, str] = {}
        self.used: set[str] = set()
        self._tried: set[str] = set()
        for name in sorted(built_in):
            if not name.startswith(samples.LAYOUT):
                self._page(name)
        for name in sorted(self._files.keys() - self._tried):
            self._faults[Broken(name, "no message includes it", "include it or remove it")] = None

    @property
    def faults(self) -> tuple[Broken, ...]:
        """Give what is wrong, each once."""
        return tuple(self._faults)

    def _sound(self, name: str, source: str) -> bool:
        try:
            self._bounds.check(source, sorted(samples.variables(name, self._known)))
            layout = name.startswith(samples.LAYOUT) and composing.takes(self._built_in[name])
            if layout and not composing.takes(source):
                raise Refused("{% block content %}{% endblock %} is missing")
        except _LOADING as error:
            self._faults[Broken(name, words_of(error))] = None
            return False
        return True

    def _page(self, name: str) -> None:
        """Take the page with as many of the files as work together."""
        failures: list[tuple[set[str], str]] = []
        for files in self._ways(name):
            made = Composed()
            try:
                composing.compose(name, {**self._built_in, **files}, made)
                if made.parts & files.keys():
                    self._take(name, made.text)
            except _LOADING as error:
                failures.append((made.parts & files.keys(), words_of(error)))
            else:
                self.used |= made.parts & files.keys()
                break
            finally:
                self._tried |= made.parts
        self._blame(name, failures)

    def _ways(self, name: str) -> Iterator[Sources]:
        """Give the files to try: all, those of the layout, the page's own."""
        yield self._files
        yield {one: source for one, source in self._files.items() if one != name}
        yield {one: source for one, source in self._files.items() if one == name}

    def _take(self, name: str, source: str) -> None:
        whole = composing.inlined(source, self._inliner) if name.endswith(HTML) else source
        page = self._bounds.compiled(name, whole)
        for sample in self._known[name.partition("/")[0]]:
            render(page, name, samples.for_part(name, sample))
        self.pages[name], self.sources[name] = page, whole

    def _blame(self, name: str, failures: Sequence[tuple[set[str], str]]) -> None:
        """Name the file that fails by itself, else the page and all that it is made of."""
        alone = [(parts, said) for parts, said in failures if len(parts) == 1]
        for parts, said in alone or failures[:1]:
            if len(parts) == 1:
                self._faults[Broken(next(iter(parts)), said)] = None
            else:
                whole = f"{said} (made of {', '.join(sorted(parts))})"
                self._faults[Broken(name, whole, "mend one of these files or remove it")] = None
