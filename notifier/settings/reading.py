"""Where settings are written: the environment, `NAME_FILE`, and the file `.env`.

Takes the places, gives one text per name, and what to warn about. Refuses a file that is named
but cannot be read, and a setting given both as itself and as a file.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Binding, parse_stream

ENV_FILE = ".env"
_FILE = "_FILE"
_LARGEST_FILE = 64 * 1024

_PREFIXES = (
    "API_TOKEN",
    "CONFIG_FIL",
    "DATABASE_",
    "DEFAULT_REG",
    "EMAIL_",
    "ENABLE_",
    "FROM_",
    "LOG_FOR",
    "LOG_LEV",
    "MAX_BOD",
    "MAX_WAI",
    "NOTIFY_",
    "PUBLIC_BASE_",
    "RATE_LIMIT_",
    "REPLY_TO",
    "RETENTION_",
    "SAME_SAVE_",
    "SHUTDOWN_",
    "SIGNATURE_",
    "SMS_",
    "SMTP_",
    "TEMPLATES_",
    "TICKET_URL_",
    "TRUSTED_PROX",
    "TWILIO_",
    "WEBHOOK_",
)
"""Beginnings that are ours alone, so that a name with one of them is a misspelt setting."""

_EMPTY_COUNTS = "RATE_LIMIT_"

PLACEHOLDERS = frozenset(
    {
        "your.address@example.com",
        "your-app-password",
        "whsec_run-notifier-init-to-make-one",
        "token-made-by-notifier-init",
        "AC00000000000000000000000000000000",
        "your-auth-token",
        "your-twilio-number",
    }
)
"""What stands in the explained example where a value of one's own belongs."""

_OWN_VALUES = frozenset(
    {
        "SMTP_USER",
        "SMTP_PASSWORD",
        "FROM_EMAIL",
        "REPLY_TO",
        "WEBHOOK_SECRET",
        "API_TOKENS",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_PHONE_NUMBER",
    }
)


@dataclass(slots=True)
class Written:
    """What was found: text by name, faults that stop the start, and warnings that do not."""

    values: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def gather(environ: Mapping[str, str], env_file: Path | None, names: Collection[str]) -> Written:
    """Read every place; the environment wins over the file.

    `env_file` None means `.env` in the working directory, if there is one; a file that is
    named must be there.
    """
    written = Written()
    for place in (_from_file(env_file, written), environ):
        for name, text in _of_place(place, names, written).items():
            written.values[name] = text
    return written


def _from_file(env_file: Path | None, written: Written) -> Mapping[str, str]:
    path = env_file or Path(ENV_FILE)
    if env_file is None and not path.is_file():
        return {}
    try:
        # Editors on Windows begin a file with a mark, which is no part of the first name.
        with path.open(encoding="utf-8-sig") as file:
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        written.faults.append(f"{path}: cannot be read: {error}")
        return {}
    return _assigned(path, bindings, written)


def _assigned(path: Path, bindings: Sequence[Binding], written: Written) -> dict[str, str]:
    """Give what the file assigns, as it stands: a $ in a password is a $. The last one wins."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for key, value, original, wrong in bindings:
        text = original.string
        line = original.line + text[: len(text) - len(text.lstrip())].count("\n")
        if wrong or (key is not None and value is None):
            written.warnings.append(f"{path}, line {line} is passed over: it is not NAME=value")
        elif key is not None and value is not None:
            if values.get(key, value) != value:
                written.warnings.append(
                    f"{key} is on lines {lines[key]} and {line} of {path}, "
                    "and the last one counts; keep one of them"
                )
            values[key], lines[key] = value, line
    return values


def _of_place(place: Mapping[str, str], names: Collection[str], written: Written) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in place.items():
        if name in names:
            if _counts(name, text):
                found[name] = text.strip()
        elif name.endswith(_FILE) and name.removesuffix(_FILE) in names:
            _from_named_file(name, text, place, written, found)
        elif name.startswith(_PREFIXES):
            written.warnings.append(_unknown(name, names))
    return found


def _counts(name: str, text: str) -> bool:
    text = text.strip()
    if name in _OWN_VALUES and text in PLACEHOLDERS:
        return False
    return bool(text) or name.startswith(_EMPTY_COUNTS)


def _from_named_file(
    file_name: str, path: str, place: Mapping[str, str], written: Written, found: dict[str, str]
) -> None:
    name = file_name.removesuffix(_FILE)
    if not path.strip():
        return
    if name in place and _counts(name, place[name]):
        written.faults.append(f"{name}: both {name} and {file_name} are set; remove one of them")
        return
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ValueError("it is larger than 64 KiB")
        text = content.decode().strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a short text file"
        written.faults.append(f"{file_name}: the file cannot be read: {reason}")
        return
    if _counts(name, text):
        found[name] = text


def _unknown(name: str, names: Collection[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    return f"{name} is no setting; did you mean {nearest[0]}?"
