"""The templates, read and compiled once.

Takes the built-in templates and perhaps a folder with others in their place, gives what renders
them. Refuses (ConfigurationError) built-in ones that cannot be compiled; of the others, what is
broken is named, and the built-in one is used.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import css_inline
from jinja2 import DictLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.model.errors import ConfigurationError
from notifier.rendering import composing, own
from notifier.rendering.bounded import Compiled
from notifier.rendering.composing import HTML, Composed
from notifier.rendering.facts import Facts
from notifier.rendering.overrides import Broken

BUILT_IN = files("notifier") / "templates"

_ENDING = ".j2"

Failed = Callable[[str, str], None]
"""Is told the name of a template that did not render, and why."""


class Pages:
    """Every template by name (`ticket.assigned/body.html.j2`), and their sources.

    `overridden` are the files that stand in for built-in ones, `faults` those that cannot.
    """

    def __init__(self) -> None:
        """Compile the built-in ones; raises ConfigurationError when one cannot be."""
        self.sources = _sources(BUILT_IN)
        self.overridden: tuple[str, ...] = ()
        self.faults: tuple[Broken, ...] = ()
        self._compiled = _compiled(self.sources)
        self._own: Mapping[str, Compiled] = {}
        self._failed: Failed = _unheard

    def override(
        self, folder: Path, known: Mapping[str, Sequence[Facts]], failed: Failed | None = None
    ) -> None:
        """Use what works of a folder's templates; `known` are example facts by folder.

        `failed` is told when one of them does not render later; the built-in one does.
        """
        found = own.Own(folder, self.sources, known)
        self._own = found.pages
        self._failed = failed or _unheard
        self.faults, self.overridden = found.faults, tuple(sorted(found.used))
        self.sources = {
            **self.sources,
            **{f"own/{name}": one for name, one in found.sources.items()},
        }

    def render(self, name: str, facts: Mapping[str, object]) -> str:
        """Give the text; raises jinja2.TemplateError, or what an expression in it raises."""
        page = self._own.get(name)
        if page is not None:
            try:
                return own.render(page, name, facts)
            except own.ERRORS as error:
                self._failed(name, own.words_of(error))
        return self._compiled[name].render(facts)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a template."""
        return name in self._compiled

    @property
    def folders(self) -> tuple[str, ...]:
        """Give the messages that there are: `ticket.assigned` and the like."""
        return tuple(sorted({name.partition("/")[0] for name in self._compiled}))


def _unheard(name: str, said: str) -> None:
    """Tell nobody."""


def _compiled(sources: Mapping[str, str]) -> dict[str, Template]:
    names = [name for name in sources if not name.startswith("_")]
    inline = css_inline.CSSInliner(load_remote_stylesheets=False).inline
    try:
        loaded = dict(sources)
        for name in names:
            # In one piece: Jinja would make a context for each file that a page is made of.
            page = Composed()
            composing.compose(name, sources, page)
            html = name.endswith(HTML)
            loaded[name] = composing.inlined(page.text, inline) if html else page.text
        environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(loaded),
            autoescape=lambda name: name is not None and name.endswith(HTML),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        compiled = {name: environment.get_template(name) for name in names}
        for template in compiled.values():
            # Each rendering copies them, and a chain of mappings is slow to copy.
            template.globals = dict(template.globals)
        return compiled
    except (TemplateError, LookupError, ValueError, css_inline.InlineError) as error:
        raise ConfigurationError(f"a template cannot be used: {error}") from error


def _sources(directory: Traversable, prefix: str = "") -> dict[str, str]:
    """Give the files of a directory, one level down, by name."""
    found: dict[str, str] = {}
    for entry in sorted(directory.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and not prefix:
            found |= _sources(entry, f"{entry.name}/")
        elif prefix and entry.name.endswith(_ENDING):
            found[prefix + entry.name] = entry.read_text(encoding="utf-8")
    return found
