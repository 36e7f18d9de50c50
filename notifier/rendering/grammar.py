"""What a template of the operator's may be made of.

Takes the tree of a template, gives nothing. Refuses (Refused) whatever is not on the list, with
the line and what is wrong: calls, attributes beyond those of tickets and loops, operators that
multiply, macros, imports, and nesting or length beyond what messages need. What is not on the
list cannot be reached, so it needs no bound.
"""

import difflib
from collections.abc import Collection, Iterator

from jinja2 import TemplateError, meta, nodes

MOST_NODES = 5_000
DEEPEST = 50
DEEPEST_LOOPS = 3

ATTRIBUTES = frozenset(
    {"number", "priority", "title", "verb", "link"}
    | {"index", "index0", "first", "last", "length", "revindex", "revindex0"}
)
"""Those of a ticket in a roll-up, and those of a loop."""

FILTERS = frozenset(
    {"upper", "lower", "capitalize", "title", "trim", "truncate", "replace", "join"}
    | {"default", "d", "length", "count", "first", "last"}
)
TESTS = frozenset({"defined", "undefined", "none", "string", "number", "odd", "even"})

_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.For, nodes.Assign, nodes.Getattr, nodes.Getitem, nodes.Slice),
    *(nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg),
    *(nodes.Add, nodes.Sub, nodes.Concat, nodes.Filter, nodes.Test, nodes.Keyword),
    *(nodes.Extends, nodes.Include, nodes.Block),
)

_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "a call, NAME(…),",
    nodes.Mul: "the operator *",
    nodes.Pow: "the operator **",
    nodes.Mod: "the operator %",
    nodes.Div: "the operator /",
    nodes.FloorDiv: "the operator //",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.AssignBlock: "a block of set",
    nodes.FilterBlock: "a block of filter",
    nodes.Scope: "autoescape or another scope",
}


class Refused(TemplateError):
    """A template is not, or does not do, what one may."""


def check(tree: nodes.Template, files: Collection[str]) -> None:
    """Raise Refused for the first thing that is not allowed; `files` may be included."""
    for count, (node, depth, loops) in enumerate(_walk(tree)):
        if count > MOST_NODES or depth > DEEPEST or loops > DEEPEST_LOOPS:
            raise Refused(f"{_place(node)}it is too long or too deeply nested")
        fault = _fault(node, files)
        if fault is not None:
            raise Refused(f"{_place(node)}{fault}")


def check_names(tree: nodes.Template, variables: Collection[str]) -> None:
    """Raise Refused for a variable that is not known; `check` must have been passed."""
    for name in sorted(meta.find_undeclared_variables(tree) - set(variables)):
        raise Refused(f"there is no variable {name}{_nearest(name, variables)}")


def check_whole(tree: nodes.Template) -> None:
    """Raise Refused when a page that was put together still has something to put together."""
    if next(tree.find_all((nodes.Extends, nodes.Include, nodes.Block)), None) is not None:
        raise Refused(
            'write parts exactly as {% include "NAME" %}, {% extends "NAME" %} at the very '
            "beginning, and {% block content %} … {% endblock %}"
        )


def _place(node: nodes.Node) -> str:
    # What the parser makes up by itself is on no line.
    return f"line {node.lineno}: " if node.lineno else ""


def _walk(tree: nodes.Template) -> Iterator[tuple[nodes.Node, int, int]]:
    # Without recursion, because depth is what a hostile template may have.
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, depth, loops = waiting.pop()
        loops += isinstance(node, nodes.For)
        yield node, depth, loops
        waiting += [(child, depth + 1, loops) for child in node.iter_child_nodes()]


def _fault(node: nodes.Node, files: Collection[str]) -> str | None:
    if type(node) not in _ALLOWED:
        words = _WORDS.get(type(node), type(node).__name__.lower())
        return f"{words} may not be used in a template"
    match node:
        case nodes.Getattr(attr=attribute) if attribute not in ATTRIBUTES:
            return f"there is no field {attribute}{_nearest(attribute, ATTRIBUTES)}"
        case nodes.Name(name=name) if name.startswith("_"):
            return f"there is no variable {name}"
        case nodes.For(recursive=True):
            return "a loop may not be recursive"
        case nodes.Filter() | nodes.Test():
            return _fault_of_filter(node)
        case nodes.Extends() | nodes.Include():
            return _fault_of_part(node, files)
    return None


def _fault_of_filter(node: nodes.Filter | nodes.Test) -> str | None:
    kind, known = ("filter", FILTERS) if isinstance(node, nodes.Filter) else ("test", TESTS)
    if node.name not in known:
        return f"there is no {kind} {node.name}; there are {', '.join(sorted(known))}"
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return "* and ** may not be used in a template"
    return None


def _fault_of_part(node: nodes.Extends | nodes.Include, files: Collection[str]) -> str | None:
    part = node.template
    if not isinstance(part, nodes.Const) or part.value not in files:
        return f"only these may be included: {', '.join(sorted(files))}"
    return None


def _nearest(name: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {found[0]}?" if found else f"; there are {', '.join(sorted(known))}"
