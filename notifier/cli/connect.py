"""`notifier connect PRESET`: a help desk, from its name to its first call.

Takes answers to at most three questions, or options in their place. Writes a table and a fresh
secret, tells what to paste where, waits for the first call that is authentic and tells how it was
read. Refuses what cannot be right, and then nothing was written. Exit: 0 connected, 1 the call was
not readable or never came, 2 wrong usage or file.
"""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from notifier.app.adding import Adding, Table
from notifier.cli import explaining, flags, options, output, place, source_calls, tables
from notifier.cli.client import Client, connected
from notifier.cli.output import Document
from notifier.model.errors import CallFailed, ConfigurationError
from notifier.model.times import SECOND, Millis
from notifier.settings import places as written
from notifier.settings.settings import Settings
from notifier.sources import definition, presets
from notifier.sources.secrets import new_secret

_KEY_BYTES = 32
_HEX_BYTES = 20
"""Some help desks, Help Scout for one, take 40 characters at most."""

_LOOK_EVERY = 0.5
_PATH = "/webhooks"
_REFERENCES = ("env:", "file:")
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})

_NOT_YET = ("challenge", "refused")
"""After these the help desk is still to be waited for."""

_MEND = {
    "refused": (
        "compare address, method and secret in the help desk with the steps above; "
        "notifier sources calls {name} -v shows the whole call"
    ),
    "unmapped": (
        "save its body from notifier sources calls {name} -v, try it with notifier sources try "
        "{name} --body FILE --no-verify, and mend [sources.{name}.map]; then notifier events replay"
    ),
}


@click.command()
@click.argument("preset")
@click.option("--name", help="What to call the source; it is part of its address. Else PRESET.")
@click.option("--desk-url", help="Where the help desk is, instead of being asked.")
@click.option("--public-url", help="Where the help desk reaches this service, without a path.")
@click.option("--secret", help="env:NAME or file:PATH with the help desk's secret.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Write to this file instead of CONFIG_FILE or notifier.toml.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for the first call.")
@click.option(
    "--timeout",
    type=options.Duration(),
    default="10m",
    show_default=True,
    help="How long to wait for the first call.",
)
@flags.env_file
def command(
    preset: str,
    name: str | None,
    config: Path | None,
    no_wait: bool,
    timeout: Millis,
    env_file: Path | None,
    **given: str | None,
) -> None:
    """Connect a help desk: write its table and secret, and wait for its first call.

    notifier sources presets lists the help desks that are known.
    """
    about = presets.table(preset)["about"]
    settings = options.settings(env_file)
    if config is not None:
        settings = settings.model_copy(update={"config_file": str(config)})
    name = preset if name is None else name
    if not definition.NAME.fullmatch(name):
        raise ConfigurationError("--name: write up to 63 small letters, digits, - and _")
    adding = Adding(settings, options.places(env_file))
    adding.check_name(name)
    desk = _Desk(preset, name, about, settings, given)
    desk.add(adding)
    if not asyncio.run(_go_on(desk, settings, None if no_wait else timeout)):
        sys.exit(1)


class _Desk:
    """What is known of the help desk, and what is asked for the rest."""

    def __init__(
        self,
        preset: str,
        name: str,
        about: Mapping[str, Any],
        settings: Settings,
        given: Mapping[str, str | None],
    ) -> None:
        self._preset = preset
        self.name = name
        self._about = about
        self._given = given
        self._asks = about.get("asks", ())
        desk_url = given["desk_url"]
        if desk_url is None and "desk_url" in self._asks:
            example = "https://desk.example.com"
            desk_url = _asked(f"Where is the help desk, such as {example}?", "--desk-url")
        self._desk_url = _address("--desk-url", desk_url)
        self.url = self._base(settings) + f"{_PATH}/{name}"

    def _base(self, settings: Settings) -> str:
        base = self._given["public_url"] or settings.public_base_url
        if base is None and "public_url" in self._asks:
            example = "https://notify.example.com"
            question = f"Where does the help desk reach this service, such as {example}?"
            base = _asked(question, "--public-url")
        return _address("--public-url", base) or options.url(settings)

    def add(self, adding: Adding) -> None:
        """Write the secret and the table, and say what to do in the help desk."""
        made_by = self._about.get("made_by", "us")
        reference = self._given["secret"]
        if reference is not None and not reference.startswith(_REFERENCES):
            raise ConfigurationError(
                "--secret: write env:NAME or file:PATH; other users see what stands in a command"
            )
        secret = None
        # A help desk that makes the secret shows it only when this has been done there.
        first = made_by == "desk" and reference is None
        if first:
            self._say_steps(None)
            output.say("As soon as you have its secret, paste it here: then the address answers.")
            output.say("If it is in a file or a variable, write file:PATH or env:NAME instead.")
            reference, secret = _typed("Its secret?")
        elif made_by == "us" and reference is None:
            secret = _fresh(whsec=bool(self._about.get("whsec")))
        if secret is not None:
            reference = adding.keep(self.name, secret)
        try:
            adding.append(
                Table(
                    self.name,
                    self._preset,
                    self._desk_url,
                    self.url if "public_url" in self._asks else None,
                    None if made_by == "nobody" else reference,
                )
            )
        except ConfigurationError:
            if secret is not None:
                adding.forget(self.name)
            raise
        output.say(f"Wrote [sources.{self.name}] to {adding.path}.")
        if not first:
            self._say_steps(secret)

    def _say_steps(self, secret: str | None) -> None:
        output.say(f"\nIn {self._about['title']}:\n")
        shown = {
            "{url}": self.url,
            "{secret}": secret or "the secret",
            f"sources calls {self._preset}": f"sources calls {self.name}",
        }
        for number, step in enumerate(self._about["steps"], 1):
            for line in tables.paragraph(_filled(step, shown), f"{number:>2}. ", "    "):
                output.say(line)
        body = self._about.get("body")
        if body:
            output.say("\nTo paste there:\n")
            output.say(_filled(body, shown).strip())
        output.say("\nTo copy:\n")
        for line in tables.pairs([("  address", self.url), ("  secret", secret)]):
            output.say(line)
        output.say("")
        if urlsplit(self.url).hostname in _THIS_MACHINE:
            text = (
                f"That address is of this machine alone. If {self._about['title']} runs elsewhere, "
                "give it the one under which it reaches this service, and write that into "
                "PUBLIC_BASE_URL."
            )
            for line in tables.paragraph(text, "", ""):
                output.say(line)
            output.say("")


def _filled(text: str, shown: Mapping[str, str]) -> str:
    for mark, value in shown.items():
        text = text.replace(mark, value)
    return text


def _address(option: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return written.web_address(text.strip())
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from None


def _asked(question: str, option: str) -> str:
    try:
        return str(click.prompt(question, prompt_suffix=" "))
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise ConfigurationError(f"there is no answer; give it as {option}") from None


def _fresh(*, whsec: bool) -> str:
    return new_secret(secrets.token_bytes(_KEY_BYTES)) if whsec else secrets.token_hex(_HEX_BYTES)


def _typed(question: str) -> tuple[str | None, str | None]:
    """Give where a secret is, or the secret itself."""
    if sys.stdin.isatty():
        typed = click.prompt(question, prompt_suffix=" ", hide_input=True)
    else:
        output.say(question)
        typed = sys.stdin.readline()
    if not str(typed).strip():
        raise ConfigurationError("there is no secret; nothing was written")
    text = str(typed).strip()
    return (text, None) if text.startswith(_REFERENCES) else (None, text)


async def _go_on(desk: _Desk, settings: Settings, patience: Millis | None) -> bool:
    """Have the running service read the file, and wait for the first call."""
    try:
        place.token(settings.tokens)
    except ConfigurationError as error:
        output.complain(f"notifier: {error}")
        return _say_later()
    async with connected(settings) as client:
        try:
            done = await client.post("/v1/reload")
        except CallFailed as error:
            if error.problem is not None:
                raise
            output.complain(f"notifier: {error}")
            return _say_later()
        if desk.name not in done["sources"]:
            raise CallFailed(
                f"the running service reads another file, in which there is no {desk.name}; set "
                "its CONFIG_FILE"
            )
        output.say(f"The running service takes calls at {desk.url} now.")
        if patience is None:
            output.say(f"See them: notifier sources calls {desk.name}")
            return True
        return await _first(desk, client, patience)


def _say_later() -> bool:
    output.say("Start the service with notifier serve, or restart it, and it takes the calls.")
    return True


async def _first(desk: _Desk, client: Client, patience: Millis) -> bool:
    output.say("Now change a ticket there. Waiting for the first call; Ctrl-C ends that …")
    seen: list[Document] = []
    try:
        async with asyncio.timeout(patience / SECOND):
            while True:
                found = (await source_calls.calls(client, desk.name))["items"]
                for call in [one for one in found[::-1] if one not in seen]:
                    if call["outcome"] not in _NOT_YET:
                        return await _tell(desk, client, call)
                    # The same fault again says nothing new, and there may be many of them.
                    if not any(_alike(call, one) for one in seen):
                        _explain(desk, call)
                    seen.append(call)
                seen = [one for one in seen if one in found]
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        called = "no call was taken" if seen else "no call came"
        output.complain(
            f"notifier: {called}; look in the help desk whether it could reach {desk.url}. "
            f"Later: notifier sources calls {desk.name}"
        )
        return False


def _alike(one: Document, other: Document) -> bool:
    return (one["outcome"], one["cause"]) == (other["outcome"], other["cause"])


def _explain(desk: _Desk, call: Document) -> None:
    """Say what became of a call, and how to mend it."""
    if call["outcome"] == "challenge":
        output.say("It has made sure that we are there; no event yet.")
        return
    for line in source_calls.lines(call, verbose=False):
        output.say(line)
    mend = _MEND.get(call["outcome"])
    if mend is not None:
        for line in tables.paragraph(f"To mend it: {mend.format(name=desk.name)}", "", "  "):
            output.say(line)
    if call["outcome"] in _NOT_YET:
        output.say("Waiting for the next one …")


async def _tell(desk: _Desk, client: Client, call: Document) -> bool:
    _explain(desk, call)
    if call["outcome"] in _MEND:
        return False
    for number in call["events"]:
        event = await client.get(f"/v1/events/{number}")
        output.say(f"{explaining.reference(event['ticket'])} {explaining.happened(event)}")
        for told in event["deliveries"]:
            recipient = told["recipient"] or "nobody"
            output.say(
                f"  {told['channel'] or 'no channel'} to {recipient}: {explaining.ended(told)}"
            )
        if not event["deliveries"]:
            output.say(f"  nobody is told{': ' + event['note'] if event['note'] else ''}")
    if call["outcome"] == "ignored":
        output.say("It was of no concern: a test, or a change that nobody is told of.")
    output.say(f"{desk.name} is connected.")
    return True
