"""What `notifier check` looks at: settings, sources, store, templates, a sign-in to each provider.

Takes settings, gives findings in this order, within 30 seconds. Refuses (ConfigurationError)
settings that no part could be built from. Nothing is sent, and nothing in the store changes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from notifier.app import channels, source_words, translation
from notifier.app.config_file import ConfigFile
from notifier.app.secret_places import Places
from notifier.app.store_check import check_store
from notifier.model.errors import ConfigurationError
from notifier.model.findings import Condition, Finding
from notifier.rendering.renderer import Renderer
from notifier.settings.settings import NAMES, Settings
from notifier.sources.definition import Definition

SECONDS = 30.0
"""Every part has its own, shorter deadlines; this one holds whatever becomes of them."""

Check = Callable[[], Awaitable[Iterable[Finding]]]


async def check(
    settings: Settings,
    warnings: Sequence[str],
    seconds: float = SECONDS,
    places: Places | None = None,
) -> list[Finding]:
    """Give every finding; `warnings` are those of loading the settings.

    `places` is where secrets are that notifier.toml refers to; without it no such file is read.
    """
    parts: dict[str, Check] = {
        "sources": lambda: asyncio.to_thread(_sources, ConfigFile(settings, places)),
        "store": lambda: asyncio.to_thread(check_store, settings.database),
        "templates": lambda: asyncio.to_thread(_templates, settings),
        channels.EMAIL: lambda: channels.check_email(settings),
        channels.SMS: lambda: channels.check_sms(settings),
    }
    try:
        async with asyncio.TaskGroup() as running:
            tasks = [
                running.create_task(_within(seconds, name, part)) for name, part in parts.items()
            ]
    except BaseExceptionGroup as errors:
        # One part cannot be built at all, and the others were given up.
        raise errors.exceptions[0] from None
    return [*_settings(settings, warnings), *(one for task in tasks for one in task.result())]


async def _within(seconds: float, name: str, part: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return list(await part())
    except TimeoutError:
        cause = f"this could not be found out within {seconds:g} s"
        mend = "look at the network and the load of this machine, and try again"
        return [Finding(name, Condition.FAILED, cause, mend)]


def _settings(settings: Settings, warnings: Sequence[str]) -> list[Finding]:
    about = "settings"
    found = [Finding(about, Condition.WARNING, line, "mend or remove it") for line in warnings]
    if not settings.webhook_secret.get_secret_value() and settings.configuration is None:
        cause = "WEBHOOK_SECRET is not set, so every webhook gets 401"
        found.append(Finding(about, Condition.FAILED, cause, "run notifier init, or set it"))
    if not settings.tokens:
        cause = "API_TOKENS is not set, so every call of /v1 gets 401"
        found.append(Finding(about, Condition.WARNING, cause, "run notifier init, or set it"))
    if found:
        return found
    given = len(settings.model_fields_set)
    return [Finding(about, Condition.OK, f"no fault; {given} of {len(NAMES)} are set")]


def _sources(file: ConfigFile) -> list[Finding]:
    about = "sources"
    try:
        read = file.read()
    except ConfigurationError as error:
        return [
            Finding(about, Condition.FAILED, line, "change the file; notifier serve refuses it")
            for line in str(error).splitlines()
        ]
    if not read.definitions:
        cause = "there is default only, for our own format; notifier connect adds a help desk"
        return [Finding(about, Condition.OK, cause)]
    found = [
        Finding(about, Condition.WARNING, line, "do as it says, or take the risk")
        for line in read.warnings
    ]
    return [*found, *(_source(name, one) for name, one in sorted(read.definitions.items()))]


def _source(name: str, found: Definition) -> Finding:
    said = f"{name}: {source_words.authentication(found)}"
    if source_words.is_open(found):
        mend = "give it auth, or allow_ips at least"
        return Finding("sources", Condition.WARNING, said, mend)
    return Finding("sources", Condition.OK, said)


def _templates(settings: Settings) -> list[Finding]:
    about, folder = "templates", settings.templates
    renderer = Renderer(translation.style(settings), folder)
    if folder is None:
        cause = "the built-in ones are used; TEMPLATES_DIR is not set"
        return [Finding(about, Condition.OK, cause)]
    found = [
        Finding(about, Condition.FAILED, f"{fault.name} is not used: {fault.said}", fault.mend)
        for fault in renderer.faults
    ]
    if renderer.overridden:
        names = ", ".join(renderer.overridden)
        return [Finding(about, Condition.OK, f"these are yours: {names}"), *found]
    if not found:
        cause = f"{folder} holds no template, so the built-in ones are used"
        mend = "put a file there, such as ticket.assigned/subject.txt.j2"
        found = [Finding(about, Condition.WARNING, cause, mend)]
    return found
