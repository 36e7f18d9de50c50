"""`notifier sources`: the help desks that are configured, and those that could be.

Takes names, gives what the running service knows of them, and what the shipped presets say.
Refuses (exit 1) a name that nobody has; `check` exits 2 with every fault of the file.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from notifier.app.config_file import ConfigFile
from notifier.cli import flags, options, output, source_calls, source_trial, tables
from notifier.cli.client import Client, ask, of_source
from notifier.cli.output import Document
from notifier.sources import presets as shipped

_HEADS = ("NAME", "PRESET", "ADDRESS", "AUTHENTICATION")
_LEAST = (0, 0, 0, 24)


@click.group()
def command() -> None:
    """Look at help desks, try calls on them, and see how their calls were read.

    They are the tables of notifier.toml; notifier connect adds one.
    """


@command.command("list")
@flags.asking
def list_(as_json: bool, offline: bool, env_file: Path | None) -> None:
    """List the sources of the running service."""
    found = ask(env_file, offline, lambda client: client.get("/v1/sources"))
    if as_json:
        output.document(found)
        return
    rows = [
        (one["name"], one["preset"], one["url"], one["authentication"]) for one in found["items"]
    ]
    for line in tables.table(_HEADS, rows, _LEAST):
        output.say(line)


@command.command("show")
@click.argument("name")
@flags.asking
def show(name: str, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Show one source of the running service."""
    found = ask(env_file, offline, functools.partial(_found, name))
    if as_json:
        output.document(found)
        return
    for line in _shown(found):
        output.say(line)


async def _found(name: str, client: Client) -> Document:
    return await of_source(client, name)


def _shown(source: Document) -> list[str]:
    dedupe = source["dedupe"]
    body = dedupe["body_window"]
    return tables.pairs(
        [
            ("source", source["name"]),
            ("preset", source["preset"]),
            ("help desk", source["title"]),
            ("its address", source["desk_url"]),
            ("posts to", source["url"]),
            ("by", ", ".join(source["methods"])),
            ("authentication", source["authentication"]),
            ("answer", f"{source['success_status']} when a call was understood"),
            ("largest call", f"{source['max_body'] // 1024} KiB"),
            ("repeats by", " or ".join([*dedupe["key"], *(["its body"] if body else [])])),
            ("remembered", f"{dedupe['window']}{f', a body {body}' if body else ''}"),
        ]
    )


@command.command("check")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Look at this file instead of CONFIG_FILE or notifier.toml.",
)
@flags.as_json
@flags.env_file
def check(config: Path | None, as_json: bool, env_file: Path | None) -> None:
    """Read notifier.toml as the service would: every table, expression and secret.

    Changes nothing, and asks no running service. Every fault is told, with its line.
    """
    given = None if config is None else str(config)
    settings = options.settings(env_file, config_file=given)
    read = ConfigFile(settings, options.places(env_file)).read()
    for warning in read.warnings:
        output.complain(f"notifier: warning: {warning}")
    names = sorted(read.definitions)
    if as_json:
        path = None if read.path is None else str(read.path)
        output.document({"file": path, "sources": names, "warnings": read.warnings})
    elif read.path is None:
        output.say("There is no notifier.toml here; notifier connect makes one.")
    else:
        output.say(f"{read.path} is right: {', '.join(names) or 'no sources'}")


@command.command("presets")
@click.argument("name", required=False)
@flags.as_json
def presets(name: str | None, as_json: bool) -> None:
    """List the help desks that are known already, or show what one needs and tells."""
    if name is None:
        _list_presets(as_json)
        return
    about = shipped.table(name)["about"]
    if as_json:
        output.document({"name": name, **about})
        return
    example = f"https://notifier.example.com/webhooks/{name}"
    for line in _preset(name, about):
        output.say(line.replace("{url}", example).replace("{secret}", "YOUR-SECRET"))


def _list_presets(as_json: bool) -> None:
    named = {name: str(shipped.table(name)["about"]["title"]) for name in shipped.names()}
    if as_json:
        items = [{"name": name, "title": title} for name, title in named.items()]
        output.document({"items": items})
        return
    for line in tables.table(("NAME", "HELP DESK"), list(named.items()), (0, 0)):
        output.say(line)
    output.say("\nWhat one needs and tells: notifier sources presets NAME")
    output.say("Connect it:               notifier connect NAME")


def _preset(name: str, about: Mapping[str, Any]) -> list[str]:
    lines = [str(about["title"]), ""]
    for number, step in enumerate(about["steps"], 1):
        lines += tables.paragraph(step, f"{number:>2}. ", "    ")
    if about.get("body"):
        lines += ["", "To paste:", "", *str(about["body"]).strip().splitlines()]
    for heading, key in (
        ("What it tells:", "tells"),
        ("What it cannot tell:", "cannot"),
        ("What goes wrong:", "traps"),
    ):
        lines += _listed(heading, about.get(key, ()))
    seen = about.get("seen")
    lines += ["", f"Tried against {seen}." if seen else "Not tried against a live system yet."]
    return [*lines, f"Connect it: notifier connect {name}"]


def _listed(heading: str, sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    found = [line for one in sentences for line in tables.paragraph(one, "  - ", "    ")]
    return ["", heading, *found]


command.add_command(source_calls.command)
command.add_command(source_trial.command)
