"""A source as its table in `notifier.toml` describes it: checked, with every default filled in.

Takes the values of a table, its preset already under it, gives a Definition. Refuses
(ConfigurationError) every wrong key at once, each with what would be right. How calls are
authenticated and read is built from it elsewhere; here is only what may be written.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
)

from notifier.model.errors import ConfigurationError
from notifier.model.events import TICKET_TYPES, Priority
from notifier.model.times import DAY, HOUR, SECOND
from notifier.sources import presets
from notifier.sources.definition_values import (
    Address,
    Algorithm,
    Duration,
    Encoding,
    Expression,
    Format,
    Network,
    Place,
    Size,
)

PARTIES = ("assignee", "requester", "actor")
PARTY_FIELDS = ("id", "login", "name", "email", "phone", "locale", "time_zone")
TICKET_FIELDS = ("id", "number", "title", "url", "priority", "status", "category", "version")
FIELDS = frozenset(
    {f"ticket.{name}" for name in TICKET_FIELDS}
    | {f"{party}.{name}" for party in PARTIES for name in PARTY_FIELDS}
    | {"occurred_at"}
)
"""What a mapping may fill in."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a source may be called; it is part of its address."""


def _types(value: dict[str, str]) -> dict[str, str]:
    for name in value.keys() - TICKET_TYPES:
        raise ValueError(f"{name} is no event; there are {', '.join(sorted(TICKET_TYPES))}")
    return value


def _type(value: str) -> str:
    _types({value: ""})
    return value


def _fields(value: dict[str, str]) -> dict[str, str]:
    for name in value.keys() - FIELDS:
        raise ValueError(f"{name} is no field; there are {', '.join(sorted(FIELDS))}")
    return value


def _names(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        taken = name in VARIABLES or name == "ticket" or name in PARTIES
        if taken or not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
            raise ValueError(f"{name} cannot be a name; write small letters, digits and _")
    return value


VARIABLES = ("body", "item", "headers", "query", "source", "prev")
"""What expressions may name besides `let`; only the conditions of events may name `prev`, and
the fields of the event as `ticket`, `assignee`, `requester` and `actor`."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Timestamp(_Table):
    """When the sender signed; `from`: `header:NAME`, `sig:KEY` of the signature, `body:PATH`.

    A call that is further from our clock than `tolerance` is stale. `required` false: a call
    without it is taken, which can only be where the time stands in the body.
    """

    place: Place = Field(alias="from")
    unit: Literal["s", "ms", "iso", "auto"] = "auto"
    tolerance: Duration = 300 * SECOND
    required: bool = True


class _Keyed(_Table):
    secrets: list[str] | None = Field(default=None, repr=False)
    """Instead of the source's own."""


class _Signed(_Keyed):
    header: str
    separator: str = ""
    """Between several signatures, or key=value pairs, in the header; "" for a single one."""
    prefix: str = ""
    """Before each signature, such as `sha256=`, `v1,` or `v1=`; others are passed over."""
    encoding: Encoding = "hex"
    signed: str = "{body}"
    """Parts that are signed: {body} {method} {url} {secret} {header:NAME} {sig:KEY}, and text."""
    key_prefix: str = ""
    """Taken off the secret first, such as `whsec_`."""
    key_encoding: Literal["utf8", "hex", "base64", "base64url"] = "utf8"
    timestamp: Timestamp | None = None


class Hmac(_Signed):
    """HMAC over parts of the call. `key_hash`: the key is this hash of the secret."""

    scheme: Literal["hmac"]
    algorithm: Algorithm = "sha256"
    key_hash: Literal["", "sha1", "sha256", "sha512"] = ""


class Digest(_Signed):
    """A plain hash over parts of the call, one of which must be {secret}."""

    scheme: Literal["digest"]
    algorithm: Algorithm = "sha256"


class Ed25519(_Signed):
    """Ed25519; the secrets are public keys (Standard Webhooks v1a: whpk_ and base64)."""

    scheme: Literal["ed25519"]
    encoding: Encoding = "base64"
    key_prefix: str = "whpk_"
    key_encoding: Literal["utf8", "hex", "base64", "base64url"] = "base64"


class Token(_Keyed):
    """A secret as it is: in a header, as a bearer, in the query, the path or the body.

    `name` is the header, the parameter, or the path in the body (`auth.token`); for `bearer` and
    `path` (`/webhooks/NAME/TOKEN`) there is none.
    """

    scheme: Literal["token"]
    place: Literal["header", "bearer", "query", "path", "body"] = Field(alias="in")
    name: str = ""


class Basic(_Keyed):
    """HTTP basic authentication; the secrets are passwords."""

    scheme: Literal["basic"]
    user: str


class Jwt(_Keyed):
    """A signed token of claims; it does not cover the body.

    The secrets are pinned keys: PEM or a whole key set for RS256 and the like, text for HS256;
    `jwks_file` names a file with a key set instead. `milliseconds`: times in it may be in ms.
    """

    scheme: Literal["jwt"]
    header: str = "authorization"
    algorithms: list[Literal["HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"]]
    jwks_file: str | None = None
    issuer: str | None = None
    audience: str | None = None
    leeway: Duration = 60 * SECOND
    milliseconds: bool = False


class Rfc9421(_Keyed):
    """HTTP Message Signatures (RFC 9421) with a shared secret or an Ed25519 public key.

    `components` must all be signed; `keyid` must be named where it is given. A `content-digest`
    that is signed is checked against the body.
    """

    scheme: Literal["rfc9421"]
    algorithm: Literal["hmac-sha256", "ed25519"] = "hmac-sha256"
    key_encoding: Literal["utf8", "hex", "base64", "base64url"] = "base64"
    components: list[str] = ["@method", "@authority", "@path", "content-digest"]
    keyid: str | None = None
    max_age: Duration = 300 * SECOND


class NoAuth(_Table):
    """Anybody may call; must be spelled out, and is warned about at every start."""

    scheme: Literal["none"]


Auth = Annotated[
    Hmac | Digest | Ed25519 | Token | Basic | Jwt | Rfc9421 | NoAuth,
    Field(discriminator="scheme"),
]


class Echo(_Table):
    """A value of a call that the answer repeats; one of header, query and body names it."""

    header: str | None = None
    query: str | None = None
    body: str | None = None
    answer: Literal["text", "json", "form"] = "text"
    key: str = "challenge"
    """Under this name, in json and form."""


class Crc(_Table):
    """A GET with a token in the query, answered with its HMAC under the source's secret.

    `token_of`: the token is itself the HMAC of this text, by which the secret is known that the
    answer needs, and anybody who does not know one gets none.
    """

    query: str
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    token_of: str = ""


class Challenge(_Table):
    """How a sender makes sure that we are there, apart from events."""

    head_ok: bool = False
    get_ok: bool = False
    echo: Echo | None = None
    crc: Crc | None = None
    cloudevents_options: bool = False


class Dedupe(_Table):
    """What a repeat is known by: the first expression that gives something, else the body's hash,
    with the headers and parameters that the mapping names.

    `window` is for how long the first is remembered, `body_window` the second.
    """

    key: list[Expression] = []
    window: Duration = 30 * DAY
    body_window: Duration = HOUR


class MapTable(_Table):
    """Expressions that make events of a body.

    `each` gives the items of a batch. Each type whose condition is true is an event of the item;
    without any it is `otherwise`, without that the item is ignored. `priorities` gives critical,
    high, medium or low for the sender's words, in any case.
    """

    each: Expression = "[body]"
    let: Annotated[dict[str, Expression], AfterValidator(_names)] = {}
    events: Annotated[dict[str, Expression], AfterValidator(_types)] = {}
    otherwise: Annotated[str, AfterValidator(_type)] | None = None
    fields: Annotated[dict[str, Expression], AfterValidator(_fields)] = {}
    priorities: dict[str, Annotated[Priority, Field(strict=False)]] = {}


class About(_Table):
    """What a preset tells people; docs/sources has a page made of it.

    `made_by`: who makes the secret: us (`whsec`: in the form of Standard Webhooks), the desk (it
    is copied from there), or nobody. `asks` are the keys that `notifier connect` asks for.
    `steps` are clicks in order, with {url} and {secret} where they belong; `body` is what to paste
    where the help desk lets one write it. `cannot` are sentences about what the vendor does not
    tell, `traps` about what goes wrong. `seen`: the version of a live system it was tried
    against, "" if none.
    """

    title: str
    made_by: Literal["us", "desk", "nobody"] = "us"
    whsec: bool = False
    asks: list[Literal["desk_url", "public_url", "secret"]] = []
    steps: list[str]
    body: str = ""
    body_form: Literal["json", "form", "text"] = "json"
    tells: list[str]
    """Sentences: which actions in the help desk lead to which message."""
    cannot: list[str] = []
    traps: list[str] = []
    seen: str = ""


class Definition(_Table):
    """One help desk. What stands in `preset` is under everything else."""

    preset: str | None = None
    about: About | None = None
    desk_url: Address | None = None
    """Where the help desk is; expressions know it as `source.desk_url`."""
    public_url: Address | None = None
    """Where the help desk posts to, for schemes that sign the address; never the Host header."""
    methods: list[Literal["POST", "PUT", "PATCH"]] = ["POST"]
    format: Format = "auto"
    shape: Literal["mapped", "native"] = "mapped"
    """`native`: bodies are our own events, and of [map] there are at most the priorities."""
    max_body: Size = 1024**2
    success: Annotated[int, Field(ge=200, le=299)] = 200
    allow_ips: list[Network] = []
    """The only callers there may be, besides what `auth` asks for."""
    secrets: list[str] = Field(default=[], repr=False)
    """`env:NAME`, `file:PATH` beside notifier.toml, or the secret itself."""
    retired_secrets: list[str] = Field(default=[], repr=False)
    """Refused, but the log says so when one was used."""
    auth: list[Auth] = []
    auth_mode: Literal["any", "all"] = "any"
    challenge: Challenge = Challenge()
    ignore: Expression | None = None
    dedupe: Dedupe = Dedupe()
    map: MapTable = MapTable()


def read(name: str, table: Mapping[str, Any]) -> Definition:
    """Read the table of the source `name`, its preset under it.

    Raises ConfigurationError with one line for every fault: `sources.zammad.auth.0.header: …`.
    """
    preset = table.get("preset")
    try:
        under = presets.table(preset) if isinstance(preset, str) else {}
    except ConfigurationError as error:
        raise ConfigurationError(f"sources.{name}.{error}") from None
    try:
        return Definition.model_validate(merged(under, table))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        lines = (f"sources.{name}.{_path(one['loc'])}: {_said(one)}" for one in found)
        raise ConfigurationError("\n".join(lines)) from None


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table over another: tables key by key, everything else whole; "" takes a key away."""
    result = dict(under)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        elif value == "":
            result.pop(key, None)
        else:
            result[key] = value
    return result


_SCHEMES = frozenset({"hmac", "digest", "ed25519", "token", "basic", "jwt", "rfc9421", "none"})

_PLAIN = {
    "missing": "is required",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "union_tag_not_found": f"scheme is required: {', '.join(sorted(_SCHEMES))}",
    "union_tag_invalid": f"there is no such scheme; there are {', '.join(sorted(_SCHEMES))}",
}


def _path(places: Sequence[int | str]) -> str:
    # Between a place in `auth` and its key stands the scheme, which nobody wrote there.
    kept = [
        one
        for before, one in zip((None, *places), places, strict=False)
        if not (isinstance(before, int) and one in _SCHEMES)
    ]
    return ".".join(map(str, kept))


def _said(fault: Mapping[str, Any]) -> str:
    kind = fault["type"]
    if kind == "extra_forbidden":
        return f"there is no such key{_nearest(str(fault['loc'][-1]))}"
    if kind == "value_error":
        return str(fault["msg"]).removeprefix("Value error, ")
    said = str(fault["msg"])
    return _PLAIN.get(kind, said[:1].lower() + said[1:])


def _nearest(key: str) -> str:
    tables = (*_Table.__subclasses__(), *_Keyed.__subclasses__(), *_Signed.__subclasses__())
    keys = {field.alias or one for made in tables for one, field in made.model_fields.items()}
    found = difflib.get_close_matches(key, keys, n=1)
    return f"; did you mean {found[0]}?" if found else ""
