"""What is signed: parts of a call and text between them.

Takes the template of a table, once, gives what makes the signed bytes of every call. Refuses
(ConfigurationError) unknown parts, and what cannot be had; (BadSignature) a call without one.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from notifier.model.errors import BadSignature, ConfigurationError
from notifier.sources.call import Call
from notifier.sources.schemes.base import Header

Part = Callable[[Call, bytes, bytes], bytes]
"""Of a call, the header that holds the signature, and the key."""

BODY = "body"
SECRET = "secret"  # noqa: S105 - the name of a part.

_PIECE = re.compile(r"\{([^{}]*)\}|([^{}]+)|(.)", re.DOTALL)
_PARTS = "{body} {method} {url} {secret} {header:NAME} {sig:KEY}"


class Template:
    """Parts in order; `names` has "" for plain text."""

    def __init__(self, parts: Sequence[tuple[str, Part]]) -> None:
        """`parts` are names (`body`, `header:x-time`, `sig:t`) and what makes their bytes."""
        self._parts = tuple(parts)
        self.names = tuple(name for name, _ in parts)
        self.keyed = SECRET in self.names
        self.data: Part = _body if self.names == (BODY,) else _joined([part for _, part in parts])

    def without(self, name: str) -> "Template":
        """Give the template without a part and the text that held it to its neighbour."""
        place = self.names.index(name)
        text = place + 1 if place == 0 else place - 1
        left_out = {place, text} if self.names[text : text + 1] == ("",) else {place}
        return Template([part for at, part in enumerate(self._parts) if at not in left_out])

    def reversed(self) -> "Template":
        """Give the template with its parts the other way round."""
        return Template(self._parts[::-1])


def alone() -> Template:
    """Give the template that signs the body and nothing else."""
    return Template([(BODY, _body)])


def parsed(text: str, header: Header, separator: str, public_url: str | None) -> Template:
    """Read a template; raises ConfigurationError."""
    return Template(list(_parts(text, header, separator, public_url)))


def pair(key: str, header: Header, separator: str) -> Callable[[bytes], bytes]:
    """Give what finds the value of `key=value` in a header; raises ConfigurationError.

    What it gives raises BadSignature when the pair is missing, or stands there twice.
    """
    if not separator:
        raise ConfigurationError(f'signed: {{sig:{key}}} needs separator, such as ","')
    start, between = f"{key}=".encode(), separator.encode()

    def find(given: bytes) -> bytes:
        items = [item.strip() for item in given.split(between)]
        found = [item[len(start) :] for item in items if item.startswith(start)]
        if len(found) != 1:
            times = f"{len(found)} times" if found else "missing"
            raise BadSignature(f"{key}= in header {header.name} {times}")
        return found[0]

    return find


def _parts(
    text: str, header: Header, separator: str, public_url: str | None
) -> Iterator[tuple[str, Part]]:
    for match in _PIECE.finditer(text):
        name, plain, stray = match.groups()
        if stray is not None:
            raise ConfigurationError(f"signed: a lone {stray}; there are {_PARTS}, and text")
        if plain is not None:
            yield "", _text(plain)
        elif name.startswith("sig:"):
            yield name, _pair_part(pair(name.removeprefix("sig:"), header, separator))
        elif name.startswith("header:"):
            wanted = Header(name.removeprefix("header:"))
            yield f"header:{wanted.key.decode()}", _header_part(wanted)
        else:
            yield name, _simple(name, public_url)


def _simple(name: str, public_url: str | None) -> Part:
    if name == "url":
        if public_url is None:
            raise ConfigurationError(
                "signed: {url} needs public_url, the address that the help desk posts to"
            )
        return _url_part(public_url)
    if name not in _SIMPLE:
        raise ConfigurationError(f"signed: {{{name}}} is no part; there are {_PARTS}")
    return _SIMPLE[name]


def _body(call: Call, given: bytes, key: bytes) -> bytes:
    return call.body


def _method(call: Call, given: bytes, key: bytes) -> bytes:
    return call.method.encode()


def _secret(call: Call, given: bytes, key: bytes) -> bytes:
    return key


_SIMPLE: dict[str, Part] = {BODY: _body, "method": _method, SECRET: _secret}


def _joined(parts: Sequence[Part]) -> Part:
    return lambda call, given, key: b"".join([part(call, given, key) for part in parts])


def _text(text: str) -> Part:
    plain = text.encode()
    return lambda call, given, key: plain


def _pair_part(find: Callable[[bytes], bytes]) -> Part:
    return lambda call, given, key: find(given)


def _header_part(header: Header) -> Part:
    return lambda call, given, key: header.one(call)


def _url_part(public_url: str) -> Part:
    address = public_url.encode()
    return lambda call, given, key: address + b"?" + call.query if call.query else address
