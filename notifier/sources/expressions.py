"""Mapping expressions: Jinja2's, on JSON alone, without calls and without an end to fear.

Takes the texts of expressions, gives a program that runs all of them at once. Refuses
(ConfigurationError) what Jinja2 cannot read and what is not on the list here, each with its place.

Everything that an expression can reach is on a list: the names that are given, keys of objects,
places of lists, operators and filters that take any value and raise nothing. A key that is not
there is None, as JSON's null is, and so is everything under it. Jinja2's own look-up would find
`dict.items` where a payload has a key of that name, so it is not used.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from notifier.model.errors import ConfigurationError
from notifier.sources.expression_filters import ARGUMENTS, FILTERS, OPERATORS, TESTS, get

_RESULT = "_result"
_DEEPEST = 40
_SURROGATE = re.compile("[\ud800-\udfff]")

_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.List, nodes.Tuple),
    *(nodes.Dict, nodes.Pair, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or),
    *(nodes.Not, nodes.Neg, nodes.Add, nodes.Sub, nodes.Concat, nodes.Filter, nodes.Test),
    nodes.Keyword,
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "a call, NAME(…),",
    nodes.Mul: "the operator *",
    nodes.Pow: "the operator **",
    nodes.Mod: "the operator %",
    nodes.Div: "the operator /",
    nodes.FloorDiv: "the operator //",
    nodes.Pos: "the sign +",
    nodes.TemplateData: "text of a template",
}
_COMPARED = {"in": "_in", "notin": "_notin", "lt": "_lt", "lteq": "_lteq", "gt": "_gt"} | {
    "gteq": "_gteq"
}


class _Refused(Exception):
    """Not on the list; the text says what."""


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2 without its globals, filters and tests, and with look-ups of JSON only."""

    def __init__(self) -> None:
        super().__init__(autoescape=False)
        self.globals.clear()
        self.filters = dict(FILTERS | OPERATORS)
        self.tests = dict(TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj.get(attribute) if type(obj) is dict else get(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return get(obj, argument)


_ENVIRONMENT = _Environment()


class Program:
    """Expressions that run together, because beginning to run costs more than each of them."""

    def __init__(
        self, names: Collection[str], outputs: Mapping[str, str], lets: Mapping[str, str]
    ) -> None:
        """`outputs` and `lets` are texts by the place that errors name (`map.fields."ticket.id"`).

        A let is called by the last word of its place, and known to what follows it, besides
        `names`. Raises ConfigurationError with one line for every fault.
        """
        self.places = tuple(outputs)
        known = set(names)
        faults: list[str] = []
        body: list[nodes.Node] = []
        for place, text in lets.items():
            name = place.rpartition(".")[2]
            body.append(_assigned(name, _read(place, text, known, faults)))
            known.add(name)
        made = [_read(place, text, known, faults) for place, text in outputs.items()]
        if faults:
            raise ConfigurationError("\n".join(faults))
        body.append(_assigned(_RESULT, nodes.List(made, lineno=1)))
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(_ENVIRONMENT)
        self._template = _ENVIRONMENT.from_string(tree)

    def run(self, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Give the value of each output in order, and the lets by name."""
        context = Context(_ENVIRONMENT, values, None, {})
        # Jinja2's code is a generator, though assignments give nothing.
        list(self._template.root_render_func(context))
        made = context.vars
        result: list[Any] = made.pop(_RESULT)
        return result, made


def names_in(text: str) -> frozenset[str]:
    """Give the names that an expression uses; raises TemplateSyntaxError when it is none."""
    return frozenset(node.name for node in _walk(_parsed(text)) if isinstance(node, nodes.Name))


def keys_in(text: str, name: str) -> frozenset[str]:
    """Give the keys of an object that an expression names, such as those of `headers`."""
    found: set[str] = set()
    for node in _walk(_parsed(text)):
        match node:
            case nodes.Getattr(node=nodes.Name(name=of), attr=key) if of == name:
                found.add(key)
            case nodes.Getitem(node=nodes.Name(name=of), arg=nodes.Const(value=str(key))) if (
                of == name
            ):
                found.add(key)
    return frozenset(found)


def _read(place: str, text: str, known: Collection[str], faults: list[str]) -> nodes.Expr:
    try:
        tree = _parsed(text)
        _check(tree, known)
        made = _TotalOperators().visit(tree)
    except TemplateSyntaxError as error:
        faults.append(f"{place}: {error.message} in {_shown(text)}")
    except RecursionError:
        faults.append(f"{place}: too deeply nested: {_shown(text)}")
    except _Refused as error:
        faults.append(f"{place}: {error} in {_shown(text)}")
    else:
        return cast(nodes.Expr, made)
    return _nothing()


def _parsed(text: str) -> nodes.Expr:
    parser = Parser(_ENVIRONMENT, text, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError(f"nothing may follow after {_shown(text)}", 1)
    tree.set_environment(_ENVIRONMENT)
    return tree


def _assigned(name: str, value: nodes.Expr) -> nodes.Assign:
    return nodes.Assign(nodes.Name(name, "store", lineno=1), value, lineno=1)


def _check(tree: nodes.Expr, known: Collection[str]) -> None:
    for node, depth in _walk_deep(tree):
        if depth > _DEEPEST:
            raise _Refused("it is too deeply nested")
        if type(node) not in _ALLOWED:
            words = _WORDS.get(type(node), type(node).__name__.lower())
            raise _Refused(f"{words} may not be used")
        check = _CHECKS.get(type(node))
        if check:
            check(node, known)


def _check_name(node: nodes.Name, known: Collection[str]) -> None:
    if node.name not in known:
        raise _Refused(f"there is no name {node.name}{_nearest(node.name, known)}")


def _check_const(node: nodes.Const, _: Collection[str]) -> None:
    if isinstance(node.value, str) and _SURROGATE.search(node.value):
        raise _Refused("half of a surrogate pair is no character")


def _check_pair(node: nodes.Pair, _: Collection[str]) -> None:
    if not isinstance(node.key, nodes.Const) or not isinstance(node.key.value, str):
        raise _Refused("a key of an object must be text, such as {'id': …}")


def _check_compare(node: nodes.Compare, _: Collection[str]) -> None:
    if len(node.ops) > 1:
        raise _Refused("compare two at a time, joined by `and`")


def _check_test(node: nodes.Test, _: Collection[str]) -> None:
    if node.name not in TESTS:
        raise _Refused(f"there is no test {node.name}{_nearest(node.name, TESTS)}")
    if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _Refused(f"the test {node.name} takes no argument")


def _check_filter(node: nodes.Filter, _: Collection[str]) -> None:
    if node.name not in FILTERS:
        raise _Refused(f"there is no filter {node.name}{_nearest(node.name, FILTERS)}")
    given = len(node.args) + len(node.kwargs)
    least, most = ARGUMENTS.get(node.name, (0, 0))
    by_name = [pair.key for pair in node.kwargs]
    sound = node.dyn_args is None and node.dyn_kwargs is None and least <= given <= most
    if not sound or by_name not in ([], ["attribute"] if node.name == "map" else []):
        raise _Refused(f"the filter {node.name} takes {_count(least, most)}")


_CHECKS: Mapping[type[nodes.Node], Callable[[Any, Collection[str]], None]] = {
    nodes.Name: _check_name,
    nodes.Const: _check_const,
    nodes.Pair: _check_pair,
    nodes.Compare: _check_compare,
    nodes.Filter: _check_filter,
    nodes.Test: _check_test,
}


def _count(least: int, most: int) -> str:
    if least == most:
        return "no argument" if most == 0 else f"{most} argument{'s' if most > 1 else ''}"
    return f"{least} to {most} arguments"


class _TotalOperators(NodeTransformer):
    """Puts operators that take any value in the place of Jinja2's."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _operator("_concat", nodes.List(node.nodes, lineno=1))

    def visit_Add(self, node: nodes.Add) -> nodes.Node:
        self.generic_visit(node)
        return _operator("_plus", node.left, node.right)

    def visit_Sub(self, node: nodes.Sub) -> nodes.Node:
        self.generic_visit(node)
        return _operator("_minus", node.left, node.right)

    def visit_Neg(self, node: nodes.Neg) -> nodes.Node:
        self.generic_visit(node)
        return _operator("_negative", node.node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        marks = (node.arg.start, node.arg.stop, node.arg.step)
        return _operator("_part", node.node, *(mark or _nothing() for mark in marks))

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        self.generic_visit(node)
        if node.expr2 is None:
            node.expr2 = _nothing()
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        (operand,) = node.ops
        name = _COMPARED.get(operand.op)
        return node if name is None else _operator(name, node.expr, operand.expr)


def _nothing() -> nodes.Const:
    return nodes.Const(None, lineno=1)


def _operator(name: str, first: nodes.Expr, *rest: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(first, name, list(rest), [], None, None, lineno=1)


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    return (node for node, _ in _walk_deep(tree))


def _walk_deep(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


def _shown(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}…"


def _nearest(name: str, known: Collection[str]) -> str:
    found: Sequence[str] = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {found[0]}?" if found else f"; there are {', '.join(sorted(known))}"
