"""The pages docs/sources/*.md, made of what each preset says of itself, and their navigation.

Takes the presets, gives texts by the file that they belong in. Refuses nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from notifier.sources import definition, presets
from notifier.sources.definition import About, Definition
from tests.presets import wording

ROOT = Path(__file__).parents[2]

_FOLDER = "docs/sources"
_NAVIGATION = "zensical.toml"
_SECTION = re.compile(r'(?<=  \{ "Help desks" = \[\n).*?(?=  \] \},\n)', re.DOTALL)

_SECRET = "YOUR-SECRET"
_FENCES = {"json": "json", "form": "text", "text": "text"}
_ASKS = {
    "desk_url": "the address of the help desk",
    "public_url": "the address that the help desk posts to",
    "secret": "the secret that the help desk made",
}

_INDEX = """\
# Help desks

Each of these is a *preset*: a table that says how the calls of a help desk are trusted and read.
Its page has the clicks. Every key of a preset can be overridden in `notifier.toml`, and a help desk
that is not here can be described there from nothing.

"Signed": the help desk signs each call. "Secret sent along", "password": the call carries the
secret as it is, so it must come over `https`. "Signed token": as these, but it ends by itself.

| help desk | preset | calls are trusted by | tells who got a ticket | seen against |
|---|---|---|---|---|
"""
_LIVE = "Seen against: {}."
_PAPER = "Not yet seen against a live system; made from the vendor's documentation."


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset, and the address that its page uses as an example."""

    name: str
    definition: Definition
    about: About

    @property
    def url(self) -> str:
        """Give the address that its help desk would post to."""
        return f"https://notifier.example.com/webhooks/{self.name}"

    def shown(self, text: str) -> str:
        """Put the example's address and secret into a text."""
        return text.replace("{url}", self.url).replace("{secret}", _SECRET)


def load() -> list[Preset]:
    """Give every preset, in the order of their titles."""
    found = [_preset(name) for name in presets.names()]
    return sorted(found, key=lambda one: one.about.title.casefold())


def written() -> dict[str, str]:
    """Give the text of every page, and of the navigation, by its file in the repository."""
    found = load()
    pages = {f"{_FOLDER}/{one.name}.md": page(one) for one in found}
    navigation = (ROOT / _NAVIGATION).read_text(encoding="utf-8")
    return pages | {
        f"{_FOLDER}/index.md": _INDEX + "".join(map(_row, found)),
        _NAVIGATION: _SECTION.sub(lambda _: _links(found), navigation),
    }


def page(preset: Preset) -> str:
    """Give the page of one preset."""
    about = preset.about
    parts = [
        f"# {about.title}",
        _LIVE.format(about.seen) if about.seen else _PAPER,
        "## How to connect",
        *_connecting(preset),
        *_listed("## What you get", about.tells, preset),
        *_listed("## What it cannot tell", about.cannot, preset),
        "## How a call is trusted",
        *wording.trust(preset.definition),
        *_listed("## What goes wrong", about.traps, preset),
        "## By hand",
        *_by_hand(preset),
    ]
    return "\n\n".join(parts) + "\n"


def _preset(name: str) -> Preset:
    made = definition.read(name, {"preset": name, "secrets": [_SECRET]})
    if made.about is None:
        raise ValueError(f"the preset {name} has no [about]")
    return Preset(name, made, made.about)


def _connecting(preset: Preset) -> list[str]:
    about = preset.about
    asks = [_ASKS[one] for one in about.asks]
    asking = f"It asks for {' and '.join(asks)}, writes" if asks else "It writes"
    made = "makes a secret, " if about.made_by == "us" else ""
    command = (
        f"{asking} `[sources.{preset.name}]` into `notifier.toml`, {made}prints the steps below "
        "with your own values in them, and shows how the first call was read."
    )
    steps = [f"{place}. {preset.shown(step)}" for place, step in enumerate(about.steps, 1)]
    parts = [f"```\nnotifier connect {preset.name}\n```", command, "\n".join(steps)]
    if about.body:
        fence = _FENCES[about.body_form]
        parts += ["To paste:", f"```{fence}\n{preset.shown(about.body).strip()}\n```"]
    return parts


def _by_hand(preset: Preset) -> list[str]:
    about = preset.about
    lines = [f"[sources.{preset.name}]", f'preset = "{preset.name}"']
    if "desk_url" in about.asks:
        lines.append('desk_url = "https://desk.example.com"')
    if "public_url" in about.asks:
        lines.append(f'public_url = "{preset.url}"')
    parts = ["In `notifier.toml`, instead of the command:"]
    if about.made_by == "nobody":
        return [*parts, _fenced(lines)]
    lines.append(f'secrets = ["file:secrets/{preset.name}"]')
    whose = "that the help desk made" if about.made_by == "desk" else "that you made yourself"
    return [
        *parts,
        _fenced(lines),
        f"The file `secrets/{preset.name}` beside it holds the secret {whose}, and nothing else. "
        "While a secret is changed, list both.",
    ]


def _fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```toml", *lines, "```"])


def _listed(heading: str, sentences: Sequence[str], preset: Preset) -> list[str]:
    lines = [f"- {preset.shown(one)}" for one in sentences]
    return [heading, "\n".join(lines)] if lines else []


def _row(preset: Preset) -> str:
    told = "yes" if wording.tells_assignment(preset.definition) else "no"
    cells = [
        f"[{preset.about.title}]({preset.name}.md)",
        f"`{preset.name}`",
        wording.kind(preset.definition),
        told,
        preset.about.seen or "not yet",
    ]
    return f"| {' | '.join(cells)} |\n"


def _links(found: Sequence[Preset]) -> str:
    names = ["index", *(one.name for one in found)]
    return "".join(f'    "sources/{name}.md",\n' for name in names)
