"""Templates of the operator's, compiled so that they cannot run away.

Takes the source of a page in one piece, gives what renders it. Refuses (Refused, or what Jinja
raises) a source that is not allowed, and a rendering that costs too much. Cost is counted, not
timed, so that the same facts always give the same bytes: a character that is handled is one
unit, a node of the tree that runs in a loop is ten. The allowance is about twenty milliseconds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from jinja2 import StrictUndefined, Template, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from notifier.rendering import grammar, text
from notifier.rendering.composing import HTML
from notifier.rendering.grammar import Refused

ALLOWANCE = 2_000_000
"""Units that one rendering may cost; a roll-up of 50 tickets costs about 50,000."""

LONGEST = 200_000
"""Characters that one rendering may give."""

_NODE = 10
_LARGEST_NUMBER = 10**9

# No template can say a name with a blank in it.
_PURSE = " purse"
_LOOP, _LITERAL, _JOINED, _TAKEN, _COMPARED = " loop", " literal", " joined", " taken", " compared"

_Scalar = (str, int, float)


class _Purse:
    """What is left of the allowance of one rendering."""

    def __init__(self) -> None:
        self._left = ALLOWANCE

    def spend(self, units: int) -> None:
        self._left -= units + _NODE
        if self._left < 0:
            raise Refused("it is too costly: fewer or shorter loops and texts are needed")


def _purse(context: Context) -> _Purse:
    found = context.resolve_or_missing(_PURSE)
    if not isinstance(found, _Purse):
        raise Refused("it was rendered without an allowance")
    return found


def _scalar(value: object) -> Any:
    """Give a text or a number; anything else could be larger than it looks."""
    if isinstance(value, Undefined):
        # It raises, and names the variable.
        return str(value)
    if not isinstance(value, _Scalar):
        raise Refused("a text or a number is wanted, not a list or a table")
    return value


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise Refused("a list is wanted")
    return value


def _size(value: object) -> int:
    return len(value) if isinstance(value, str) else 1


# -- what the tree is rewritten to ------------------------------------------------------------


@pass_context
def _loop(context: Context, value: object, nodes_within: int) -> Sequence[object]:
    items = _sequence(value)
    _purse(context).spend(len(items) * (nodes_within + 1) * _NODE)
    return items


@pass_context
def _literal(context: Context, value: Any) -> Any:
    """Keep lists to two levels of texts and numbers, so that none holds itself many times."""
    inner = value.values() if isinstance(value, dict) else value
    size = 0
    for one in inner:
        parts = one if isinstance(one, list | tuple) else (one,)
        size += sum(_size(_scalar(part)) for part in parts)
    _purse(context).spend(size)
    return value


@pass_context
def _joined(context: Context, value: Sequence[object]) -> str:
    parts = [str(_scalar(one)) for one in value]
    _purse(context).spend(sum(map(len, parts)))
    return "".join(parts)


@pass_context
def _taken(context: Context, value: Any) -> Any:
    _purse(context).spend(len(value) if isinstance(value, list | tuple) else _size(value))
    return value


@pass_context
def _compared(context: Context, value: Any, within: bool) -> Any:
    if within and isinstance(value, list | tuple | dict):
        _purse(context).spend(sum(_size(_scalar(one)) for one in value))
    else:
        _purse(context).spend(_size(_scalar(value)))
    return value


# -- the filters ------------------------------------------------------------------------------


def _of_text(change: Callable[..., str]) -> Callable[..., str]:
    """Give a filter of a text, which costs what it takes and what it gives."""

    @pass_context
    def filtered(context: Context, value: object, *given: object, **named: object) -> str:
        whole = str(_scalar(value))
        purse = _purse(context)
        purse.spend(len(whole))
        made = change(whole, *given, **named)
        purse.spend(len(made))
        return made

    return filtered


def _truncated(whole: str, length: int = 255) -> str:
    return text.shorten(whole, max(length, 1))


@pass_context
def _replaced(context: Context, value: object, old: object, new: object) -> str:
    whole, gone, come = (str(_scalar(one)) for one in (value, old, new))
    # Counted before it is made: every character may become a long text.
    size = len(whole) + (whole.count(gone) * len(come) if gone else (len(whole) + 1) * len(come))
    _purse(context).spend(len(whole) + size)
    return whole.replace(gone, come)


@pass_context
def _join(context: Context, value: object, between: object = "") -> str:
    parts, sign = [str(_scalar(one)) for one in _sequence(value)], str(_scalar(between))
    _purse(context).spend(sum(map(len, parts)) + len(parts) * len(sign))
    return sign.join(parts)


def _default(value: object, default_value: object = "", boolean: object = False) -> object:
    missing = isinstance(value, Undefined) or (boolean and not value)
    return default_value if missing else value


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else len(_sequence(value))


def _first(value: object) -> object:
    return next(iter(value if isinstance(value, str) else _sequence(value)), "")


def _last(value: object) -> object:
    items: Sequence[object] = value if isinstance(value, str) else _sequence(value)
    return items[-1] if items else ""


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "upper": _of_text(str.upper),
    "lower": _of_text(str.lower),
    "capitalize": _of_text(str.capitalize),
    "title": _of_text(str.title),
    "trim": _of_text(lambda whole: whole.strip()),
    "truncate": _of_text(_truncated),
    "replace": _replaced,
    "join": _join,
    "default": _default,
    "d": _default,
    "length": _length,
    "count": _length,
    "first": _first,
    "last": _last,
}
_HIDDEN: Mapping[str, Callable[..., Any]] = {
    _LOOP: _loop,
    _LITERAL: _literal,
    _JOINED: _joined,
    _TAKEN: _taken,
    _COMPARED: _compared,
}


# -- compiling --------------------------------------------------------------------------------


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja with our filters and tests only, and without any global name."""

    intercepted_binops = frozenset({"+", "-"})

    def __init__(self) -> None:
        super().__init__(
            autoescape=lambda name: name is not None and name.endswith(HTML),
            undefined=StrictUndefined,
            finalize=_scalar,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=0,
        )
        self.globals.clear()
        self.filters = {**_FILTERS, **_HIDDEN}
        self.tests = {name: self.tests[name] for name in grammar.TESTS}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> int:
        if type(left) is not int or type(right) is not int:
            raise Refused(f"{operator} is for whole numbers; ~ joins texts")
        found = left + right if operator == "+" else left - right
        if abs(found) > _LARGEST_NUMBER:
            raise Refused("a number is too large")
        return found


class _Rewriter(NodeTransformer):
    """Puts a hook wherever something could be long, often or large."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        within = sum(1 for _ in node.find_all(nodes.Node))
        self.generic_visit(node)
        node.iter = _hook(
            _LOOP, cast(nodes.Expr, node.iter), nodes.Const(within, lineno=node.lineno)
        )
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _hook(_JOINED, nodes.List(node.nodes, lineno=node.lineno))

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        return _hook(_LITERAL, node)

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return _hook(_LITERAL, node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return _hook(_LITERAL, node) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        return _hook(_TAKEN, node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _hook(_COMPARED, node.expr, nodes.Const(False, lineno=node.lineno))
        for operand in node.ops:
            within = nodes.Const(operand.op in ("in", "notin"), lineno=node.lineno)
            operand.expr = _hook(_COMPARED, operand.expr, within)
        return node


def _hook(name: str, node: nodes.Expr, *given: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(given), [], None, None, lineno=node.lineno)


class Compiled:
    """A page that renders within its bounds."""

    def __init__(self, template: Template) -> None:
        """`template` comes from `Bounds`."""
        self._template = template

    def render(self, facts: Mapping[str, object]) -> str:
        """Give the text; raises TemplateError, or what an expression in it raises."""
        pieces, size = [], 0
        for piece in self._template.generate({**facts, _PURSE: _Purse()}):
            size += len(piece)
            if size > LONGEST:
                raise Refused(f"it gives more than {LONGEST} characters")
            pieces.append(piece)
        return "".join(pieces)


class Bounds:
    """Reads and compiles templates that are not ours."""

    def __init__(self, files: Sequence[str]) -> None:
        """`files` are the names that may be included."""
        self._files = files
        self.environment = _Environment()

    def check(self, source: str, variables: Sequence[str]) -> None:
        """Raise TemplateError, ValueError or RecursionError for a file that cannot be used."""
        if any(kind == "raw_begin" for _, kind, _ in self.environment.lex(source)):
            raise Refused("raw may not be used in a template")
        tree = self.environment.parse(source)
        grammar.check(tree, self._files)
        grammar.check_names(tree, variables)

    def compiled(self, name: str, source: str) -> Compiled:
        """Compile a page that was put together; raises as `check` does."""
        tree = self.environment.parse(source, name)
        grammar.check(tree, self._files)
        grammar.check_whole(tree)
        rewritten = _Rewriter().visit(tree)
        rewritten.set_environment(self.environment)
        code = self.environment.compile(rewritten, name, name)
        return Compiled(Template.from_code(self.environment, code, {}))
