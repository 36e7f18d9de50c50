"""Every log line carries an action, and the registry has exactly those that are used."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.model.actions import ACTIONS

PACKAGE = Path(__file__).parent.parent / "notifier"
LOGGERS = {"log", "_log"}
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


def trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(PACKAGE)): ast.parse(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def log_calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Give every call of a logger."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=level)):
                if name in LOGGERS and level in LEVELS:
                    yield node


def action_of(call: ast.Call) -> ast.expr | None:
    """Give what stands after "action" in `extra={…}` of a call."""
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg="extra", value=ast.Dict(keys=keys, values=values)):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "action":
                        return value
    return None


def tables(tree: ast.Module) -> Iterator[str]:
    """Give what the table `_ACTIONS` of a module holds."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="_ACTIONS")], value=ast.Dict(values=values))
                | ast.AnnAssign(target=ast.Name(id="_ACTIONS"), value=ast.Dict(values=values))
            ):
                for value in values:
                    assert isinstance(value, ast.Constant)
                    yield str(value.value)


def used(tree: ast.Module) -> Iterator[str]:
    """Give every action that a module uses; raises AssertionError for one that cannot be read."""
    for call in log_calls(tree):
        match action_of(call):
            case ast.Constant(value=str(action)):
                yield action
            case ast.Subscript(value=ast.Name(id="_ACTIONS")):
                yield from tables(tree)
            case _:
                raise AssertionError(f"line {call.lineno} has no action that can be read")
    for node in ast.walk(tree):
        match node:
            # The line of a library gets its action where it is taken over.
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Attribute(attr="action"), *_])],
                value=ast.Tuple(elts=[ast.Constant(value=str(action)), *_]),
            ):
                yield action


def test_the_registry_has_exactly_the_actions_that_are_used() -> None:
    found = {action for tree in trees().values() for action in used(tree)}
    assert found == set(ACTIONS)


def test_every_module_that_logs_is_seen() -> None:
    logging = {name for name, tree in trees().items() if any(log_calls(tree))}
    importing = {
        name
        for name, tree in trees().items()
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "getLogger"
            for node in ast.walk(tree)
        )
    }
    assert logging == importing - {"app/logs.py"}


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_explains_itself(action: str) -> None:
    assert ACTIONS[action].endswith(".")
    assert action == action.lower()
    assert action.count(".") == 1


@pytest.mark.parametrize(
    "line",
    [
        '_log.info("x")',
        '_log.info("x", extra={"event": "y"})',
        '_log.info("x", extra={"action": f"a.{b}"})',
        '_log.info("x", extra=about)',
    ],
)
def test_a_line_without_a_readable_action_is_noticed(line: str) -> None:
    with pytest.raises(AssertionError, match="line 1"):
        list(used(ast.parse(line)))
