"""The templates, read and compiled once.

Takes the built-in templates and perhaps a directory with others in their place, gives them
compiled. Refuses what is not a template (ConfigurationError). Styles are written into the tags
of each HTML template here, once, because mail programs drop a style sheet.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import css_inline
from jinja2 import DictLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.model.errors import ConfigurationError

BUILT_IN = files("notifier") / "templates"

_ENDING = ".j2"
_HTML = ".html.j2"

_EXTENDS = re.compile(r'\{% extends "([^"]+)" %\}')
_BLOCK = re.compile(r"\{% block content %\}(.*?)\{% endblock %\}", re.DOTALL)
_INCLUDE = re.compile(r'\{% include "([^"]+)" %\}\n?')

# What the inliner must not see: it parses, moves and escapes like a browser. A statement
# becomes a comment, which may stand anywhere in a table; an expression becomes a word. Rules
# for dark and narrow screens stay a style sheet: no tag can hold them. It adds each <tbody>
# that is not there, even inside a loop, so templates write theirs.
_STATEMENT = re.compile(r'\{%.*?%\}|\{#.*?#\}|<style class="kept">.*?</style>', re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_MASKED = re.compile(r"<!--jinja(\d+)-->|jinja(\d+)x")

_DEEPEST = 5


class Pages:
    """Every template by name (`ticket.assigned/body.html.j2`), and their sources."""

    def __init__(self, overrides: Traversable | None = None) -> None:
        """Compile all; raises ConfigurationError when one cannot be."""
        self.sources = _sources(BUILT_IN)
        if overrides is not None:
            self.sources |= _sources(overrides)
        self._compiled = _compiled(self.sources)

    def render(self, name: str, facts: Mapping[str, object]) -> str:
        """Give the text; raises jinja2.TemplateError, or what an expression in it raises."""
        return self._compiled[name].render(facts)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a template."""
        return name in self._compiled


def _compiled(sources: Mapping[str, str]) -> dict[str, Template]:
    names = [name for name in sources if not name.startswith("_")]
    try:
        loaded = dict(sources)
        loaded |= {name: _inlined(name, sources) for name in names if name.endswith(_HTML)}
        environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(loaded),
            autoescape=lambda name: name is not None and name.endswith(_HTML),
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


def _inlined(name: str, sources: Mapping[str, str]) -> str:
    hidden: list[str] = []

    def comment(found: re.Match[str]) -> str:
        hidden.append(found[0])
        return f"<!--jinja{len(hidden) - 1}-->"

    def word(found: re.Match[str]) -> str:
        hidden.append(found[0])
        return f"jinja{len(hidden) - 1}x"

    page = _EXPRESSION.sub(word, _STATEMENT.sub(comment, _flat(name, sources)))
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    inlined = inliner.inline(page)
    return _MASKED.sub(lambda found: hidden[int(found[1] or found[2])], inlined)


def _flat(name: str, sources: Mapping[str, str], depth: int = 0) -> str:
    """Give the page with its layout and parts in it, as Jinja would put them together."""
    if depth > _DEEPEST:
        raise ValueError(f"{name} includes itself")
    source = sources[name]
    layout = _EXTENDS.match(source)
    if layout is not None:
        block = _BLOCK.search(source)
        content = "" if block is None else block[1]
        source = _BLOCK.sub(lambda _: content, sources[layout[1]], count=1)
    return _INCLUDE.sub(lambda found: _flat(found[1], sources, depth + 1), source)
