"""The reference pages, held against the code both ways: nothing is missing, nothing is made up."""

import ast
import importlib
import re
from collections.abc import Iterable
from pathlib import Path

import click
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from notifier.app.metering import Exposition, Meters
from notifier.cli.main import COMMANDS
from notifier.model.actions import ACTIONS
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.settings.settings import NAMES
from notifier.store.base import Backlog
from notifier.web.problems import Code
from tests import built_pages
from tests.fake_clock import FakeClock

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


class NoBacklog:
    """A store in which nothing waits."""

    async def backlog(self) -> Backlog:
        return Backlog(None, {})


class NoBreakers:
    """A dispatcher whose breakers are shut."""

    def breakers(self) -> dict[str, bool]:
        return {"email": False}


METHODS = {"get", "post", "put", "patch", "delete", "options"}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def headings(name: str, level: int = 2) -> list[str]:
    return re.findall(rf"(?m)^{'#' * level} (.+)$", page(name))


def section(name: str, heading: str, level: int = 2) -> str:
    start = re.split(rf"(?m)^{'#' * level} {re.escape(heading)}$", page(name))[1]
    return re.split(rf"(?m)^#{{1,{level}}} ", start)[0].strip()


def same(found: Iterable[str], wanted: Iterable[str]) -> None:
    found = list(found)
    assert sorted(found) == sorted(set(found))
    assert set(found) == set(wanted)


def routes() -> list[str]:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    return [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method in METHODS
    ]


def test_every_state_has_its_heading_and_back() -> None:
    same(headings("reference/states.md"), State)


def test_every_reason_has_its_heading_and_its_sentence_and_back() -> None:
    same(headings("reference/reasons.md"), Reason)
    for reason in Reason:
        text = " ".join(section("reference/reasons.md", reason).split())
        assert text.startswith(reason.sentence)


def test_every_log_action_has_its_heading_and_its_sentence_and_back() -> None:
    same(headings("reference/log-actions.md"), ACTIONS)
    for action, sentence in ACTIONS.items():
        assert section("reference/log-actions.md", action) == sentence


async def test_every_metric_has_its_heading_and_back() -> None:
    meters = Meters(("email", "sms"))
    exposition = Exposition(meters, NoBacklog(), NoBreakers(), FakeClock(0))
    shown = text_string_to_metric_families((await exposition.read()).decode())
    ours = {family.name for family in shown if not family.name.startswith("process_")}
    same(headings("reference/metrics.md"), ours)


def test_every_setting_has_its_heading_and_back() -> None:
    same(headings("reference/settings.md", 3), NAMES)


def test_every_setting_says_the_default_of_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", example))
    for name in NAMES:
        text = section("reference/settings.md", name, 3)
        if text.startswith("Not set"):
            continue
        stated = re.match(r"Default:? `([^`]*)`", text)
        assert stated, name
        if given[name] and name != "FROM_EMAIL":
            assert given[name] == stated[1], name


def commands() -> dict[str, click.Command]:
    """Give the commands by their headings: `serve`, `deliveries`, `deliveries list` and so on."""
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = importlib.import_module(f"notifier.cli.{name.replace('-', '_')}").command
        found[name] = command
        for inner, one in getattr(command, "commands", {}).items():
            found[f"{name} {inner}"] = one
    return found


def test_every_command_has_its_heading_and_back() -> None:
    found = commands()
    same(headings("reference/cli.md"), COMMANDS)
    same(headings("reference/cli.md", 3), (name for name in found if " " in name))


def test_every_option_stands_under_its_command_and_back() -> None:
    for name, command in commands().items():
        level = 3 if " " in name else 2
        text = re.split(r"(?m)^#", section("reference/cli.md", name, level))[0]
        options = {
            option
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--") and option != "--help"
        }
        same(set(re.findall(r"`(--[a-z-]+)", text)), options)


def test_every_route_has_its_heading_and_back() -> None:
    same(headings("reference/api.md", 3), routes())


def test_every_code_of_an_error_stands_in_its_table_and_back() -> None:
    rows = re.findall(r"(?m)^\| `(\w+)` \| (\d+) \|", section("reference/api.md", "Codes"))
    same((f"{name} {status}" for name, status in rows), (f"{c.text} {c.status}" for c in Code))


def test_every_promise_names_tests_that_exist() -> None:
    promises = [one for one in headings("guarantees.md") if one.startswith("G-")]
    assert [one.split()[0] for one in promises] == [f"G-{number}" for number in range(1, 12)]
    for promise in promises:
        named = re.findall(r"(?m)^- `(\S+)::(\w+)`$", section("guarantees.md", promise))
        assert named, promise
        for file, test in named:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            names = {
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert test in names, f"{file}::{test}"


def anchor(heading: str) -> str:
    """Give the anchor that the pages' builder makes of a heading."""
    plain = re.sub(r"[^\w\s-]", "", heading.replace("`", "").lower()).strip()
    return re.sub(r"[\s-]+", "-", plain)


PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_every_link_leads_to_a_page_and_a_heading(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", path.read_text(encoding="utf-8")):
        name, _, place = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_file(), link
        if place:
            lines = re.findall(r"(?m)^#{1,6} (.+)$", target.read_text(encoding="utf-8"))
            assert place in {anchor(line) for line in lines}, link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_every_page_is_in_the_navigation(path: Path) -> None:
    assert f'"{path.relative_to(DOCS)}"' in (ROOT / "zensical.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_every_command_that_a_page_shows_exists(path: Path) -> None:
    shown = re.findall(r"(?m)(?:^|`)notifier ([a-z-]+)", path.read_text(encoding="utf-8"))
    assert set(shown) <= set(COMMANDS)


def test_a_built_page_that_links_to_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html#here">b</a><a href="#top">up</a>'
    )
    (tmp_path / "b.html").write_text('<p id="here"><a href="a.html">a</a>')
    assert list(built_pages.faults(built_pages.read(tmp_path))) == []
    (tmp_path / "c.html").write_text(
        '<script src="https://cdn.example.com/x.js"></script><a href="b.html#gone">b</a>'
        '<a href="d.html">d</a><a href="http://example.com">e</a>'
    )
    assert len(list(built_pages.faults(built_pages.read(tmp_path)))) == 4
