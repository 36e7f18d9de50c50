"""HTTP Message Signatures: the RFC's own examples, and what is refused."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.errors import BadSignature, Stale
from notifier.sources.call import Call
from notifier.sources.schemes import structured
from notifier.sources.schemes.structured import InnerList, Item
from tests.unit.sources.schemes.desk import BODY, MESSAGE, NOW, SECONDS, URL, built, cause, desk
from tests.unit.sources.schemes.desk import fault as fault_of

SECRET = base64.b64encode(bytes(range(32))).decode()
NO_MATCH = "no signature matches: wrong secret or changed call"

# RFC 9421, sections B.1.4, B.1.5, B.2, B.2.5 and B.2.6.
RFC_SECRET = (
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)
RFC_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
    "-----END PUBLIC KEY-----"
)
RFC_NOW = 1_618_884_473_000
RFC_CALL = Call(
    (
        (b"host", b"example.com"),
        (b"date", b"Tue, 20 Apr 2021 02:07:55 GMT"),
        (b"content-type", b"application/json"),
        (
            b"content-digest",
            b"sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwE"
            b"mTHWXvJwew==:",
        ),
        (b"content-length", b"18"),
    ),
    b'{"hello": "world"}',
    query=b"param=Value&Pet=dog",
)
RFC_HMAC = (
    (
        b"signature-input",
        b'sig-b25=("date" "@authority" "content-type");created=1618884473;'
        b'keyid="test-shared-secret"',
    ),
    (b"signature", b"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
)
RFC_ED25519 = (
    (
        b"signature-input",
        b'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");'
        b'created=1618884473;keyid="test-key-ed25519"',
    ),
    (
        b"signature",
        b"sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lI"
        b"p5WPpBKRCw==:",
    ),
)


def of_rfc(secret: str, *signatures: tuple[bytes, bytes], **more: Any) -> str | None:
    auth = {"scheme": "rfc9421", **more}
    table = {"auth": [auth], "secrets": [secret], "public_url": "https://EXAMPLE.com:443/foo"}
    call = replace(RFC_CALL, headers=(*RFC_CALL.headers, *signatures))
    changed = replace(call, body=b'{"hello": "World"}')
    verifying = built(table)
    assert cause(verifying, changed, RFC_NOW)
    return cause(verifying, call, RFC_NOW)


def test_the_examples_of_the_rfc_are_let_in() -> None:
    covered = ["date", "@authority", "content-type"]
    assert of_rfc(RFC_SECRET, *RFC_HMAC, components=covered, keyid="test-shared-secret") is None
    more = [*covered, "@method", "@path", "content-length"]
    assert of_rfc(RFC_KEY, *RFC_ED25519, components=more, algorithm="ed25519") is None
    both = zip(RFC_HMAC, RFC_ED25519, strict=True)
    joined = [(first[0], first[1] + b", " + second[1]) for first, second in both]
    assert of_rfc(RFC_KEY, *joined, components=more, algorithm="ed25519") is None


def test_the_examples_do_not_cover_the_body_which_is_wanted_by_default() -> None:
    assert of_rfc(RFC_SECRET, *RFC_HMAC) == "the signature does not cover @method"


# -- what is signed ------------------------------------------------------------------------------


def message(
    lines: Mapping[str, str],
    parameters: str = f';created={SECONDS};keyid="desk-1"',
    label: str = "sig1",
) -> Call:
    """Give a call that signs these components with these values."""
    listed = f"({' '.join(lines)}){parameters}"
    base = "".join(f"{name}: {value}\n" for name, value in lines.items())
    base += f'"@signature-params": {listed}'
    raw = base64.b64encode(hmac.digest(bytes(range(32)), base.encode(), "sha256")).decode()
    return Call(
        (
            (b"x-list", b"one"),
            (b"x-list", b" two "),
            (b"content-digest", b"sha-256=:%b:" % digest("sha256")),
            (b"signature-input", f"{label}={listed}".encode()),
            (b"signature", f"{label}=:{raw}:".encode()),
        ),
        BODY,
        query=b"a=1",
    )


def digest(algorithm: str) -> bytes:
    return base64.b64encode(hashlib.new(algorithm, BODY).digest())


METHOD = {'"@method"': "POST"}
EVERY_COMPONENT = {
    '"@method"': "POST",
    '"@authority"': "notify.example.com",
    '"@scheme"': "https",
    '"@path"': "/webhooks/desk",
    '"@query"': "?a=1",
    '"@target-uri"': f"{URL}?a=1",
    '"@request-target"': "/webhooks/desk?a=1",
    '"x-list"': "one, two",
    '"content-digest"': f"sha-256=:{digest('sha256').decode()}:",
}


def said(call: Call, *components: str, now: int = NOW, **more: Any) -> str | None:
    auth = {"scheme": "rfc9421", "components": list(components) or ["@method"], **more}
    table = {"auth": [auth], "secrets": [SECRET], "public_url": URL}
    return cause(built(table), call, now)


def with_input(value: bytes, call: Call | None = None) -> Call:
    call = call or message(METHOD)
    (signature,) = call.header("signature")
    kept = [header for header in call.headers if not header[0].startswith(b"signature")]
    return replace(call, headers=(*kept, (b"signature-input", value), (b"signature", signature)))


def test_every_component_is_made_so() -> None:
    wanted = [name.strip('"') for name in EVERY_COMPONENT]
    assert said(message(EVERY_COMPONENT), *wanted) is None
    for name in EVERY_COMPONENT:
        changed = {**EVERY_COMPONENT, name: "other"}
        assert said(message(changed), *wanted) == NO_MATCH


def test_without_a_query_it_is_a_question_mark_alone() -> None:
    call = message({'"@query"': "?", '"@target-uri"': URL, '"@request-target"': "/webhooks/desk"})
    assert said(replace(call, query=b""), "@query") is None


def test_an_address_without_a_path_has_the_shortest() -> None:
    table = {
        "auth": [{"scheme": "rfc9421", "components": ["@path"]}],
        "secrets": [SECRET],
        "public_url": "http://notify.example.com:80",
    }
    call = message({'"@path"': "/", '"@authority"': "notify.example.com"})
    assert cause(built(table), call) is None


def test_without_an_address_of_ours_nothing_of_it_is_known() -> None:
    auth = {"scheme": "rfc9421", "components": ["@method"]}
    verifying = built({"auth": [auth], "secrets": [SECRET]})
    assert cause(verifying, message(METHOD)) is None
    assert cause(verifying, message(EVERY_COMPONENT)) == (
        "the signature covers a component that is not known, or needs public_url"
    )


def test_any_signature_of_several_may_be_the_right_one() -> None:
    good, other = message(METHOD), message({'"x-list"': "?"}, label="other")
    headers = (*other.headers, *good.headers[-2:])
    assert said(replace(good, headers=headers)) is None
    assert said(other) == "the signature does not cover @method"
    many = b", ".join(b'n%d=("@method");created=1' % number for number in range(8))
    (listed,) = good.header("signature-input")
    assert said(with_input(listed + b", " + many)) is None
    assert said(with_input(many + b", " + listed)) == (
        "header Signature has no signature for a list in Signature-Input"
    )


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ({'"@method";req': "POST"}, "a component has a parameter, which is not supported"),
        ({":AAAA:": "POST"}, "a component has a parameter, which is not supported"),
        (
            {'"@method"': "POST", '"@status"': "200"},
            "the signature covers a component that is not known, or needs public_url",
        ),
        (
            {'"@method"': "POST", '"x-other"': ""},
            "header that the signature covers is missing",
        ),
        ({'"x-list"': "one, two"}, "the signature does not cover @method"),
    ],
)
def test_components_that_will_not_do(lines: Mapping[str, str], text: str) -> None:
    assert said(message(lines)) == text


def test_a_component_that_is_wanted_is_named_when_it_is_missing() -> None:
    assert said(message({'"x-other"': ""}), "x-other") == "header x-other missing"


def test_a_component_stands_once() -> None:
    call = with_input(b'sig1=("@method" "@method");created=%d' % SECONDS)
    assert said(call) == "a component is signed twice"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("", "header Signature-Input has no created"),
        (";created", "header Signature-Input has no created"),
        (';created="1795424400"', "header Signature-Input has no created"),
        (f";created={SECONDS - 412}", "timestamp 412 s old"),
        (f";created={SECONDS + 412}", "timestamp 412 s in the future"),
        (f";created={SECONDS};expires={SECONDS - 7}", "the signature expired 7 s ago"),
        (f";created={SECONDS};expires={SECONDS}", None),
        (f";created={SECONDS};expires", "header Signature-Input: expires is not unix seconds"),
        (f";created={SECONDS};expires=a", "header Signature-Input: expires is not unix seconds"),
        (f';created={SECONDS};alg="hmac-sha256"', None),
        (f';created={SECONDS};alg="none"', "alg in Signature-Input is not hmac-sha256"),
        (f';created={SECONDS};nonce="b:\\"";tag=a', None),
    ],
)
def test_parameters_are_held_to(parameters: str, text: str | None) -> None:
    assert said(message(METHOD, parameters)) == text


def test_a_key_must_be_the_one_that_is_configured() -> None:
    assert said(message(METHOD), keyid="desk-1") is None
    assert said(message(METHOD), keyid="desk-2") == (
        "keyid in Signature-Input is not the one that is configured"
    )


def test_what_is_old_is_stale() -> None:
    verifying = desk(MESSAGE).authenticator
    with pytest.raises(Stale):
        verifying.verify(desk(MESSAGE).call(), NOW + 301_000)
    with pytest.raises(BadSignature):
        verifying.verify(replace(desk(MESSAGE).call(), method="PUT"), NOW)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"", "header Signature-Input missing"),
        (b"sig1", "header Signature-Input is not as RFC 8941 has it"),
        (b"sig1=1", "header Signature-Input holds no list of components"),
        (b"x" * 8_193, "header Signature-Input longer than 8192 bytes"),
        (b"sig2=();created=1", "header Signature has no signature for a list in Signature-Input"),
    ],
)
def test_what_is_no_description_is_refused(value: bytes, text: str) -> None:
    assert said(with_input(value)) == text


def test_a_signature_is_bytes() -> None:
    call = message(METHOD)
    kept = call.headers[:-1]
    for value in (b"sig1=1", b"sig1=()"):
        assert said(replace(call, headers=(*kept, (b"signature", value)))) == (
            "header Signature has no signature for a list in Signature-Input"
        )
    assert said(replace(call, headers=kept)) == "header Signature missing"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"sha-256=:%b:" % digest("sha256"), None),
        (b"sha-512=:%b:" % digest("sha512"), None),
        (b"md5=:AAAA:, sha-256=:%b:" % digest("sha256"), None),
        (b"sha-256=:AAAA:", "header Content-Digest is not that of the body"),
        (b"sha-256=1", "header Content-Digest is not that of the body"),
        (b"sha-256=()", "header Content-Digest is not that of the body"),
        (
            b"sha-512=:%b:, sha-256=:AAAA:" % digest("sha512"),
            "header Content-Digest is not that of the body",
        ),
        (b"md5=:AAAA:", "header Content-Digest has neither sha-256 nor sha-512"),
        (b"sha-256", "header Content-Digest is not as RFC 8941 has it"),
    ],
)
def test_a_digest_must_be_that_of_the_body(value: bytes, text: str | None) -> None:
    call = message(METHOD)
    kept = [header for header in call.headers if header[0] != b"content-digest"]
    assert said(replace(call, headers=(*kept, (b"content-digest", value)))) == text


def test_a_body_without_a_digest_is_let_in_where_none_is_wanted() -> None:
    call = message(METHOD)
    kept = tuple(header for header in call.headers if header[0] != b"content-digest")
    assert said(replace(call, headers=kept)) is None
    assert said(replace(call, headers=kept), "@method", "content-digest") == (
        "the signature does not cover content-digest"
    )


@pytest.mark.parametrize(
    ("auth", "more", "text"),
    [
        ({"components": ["Date"]}, {}, "components: write date, in small letters"),
        ({"components": ["a b"]}, {}, "a header is needed"),
        ({"components": ["@path"]}, {}, "components: @path needs public_url"),
        ({"components": ["@status"]}, {}, "components: @status is not known; there are @auth"),
        ({"components": ["@query-param"]}, {"public_url": URL}, "components: @query-param is not"),
        ({"components": ["@method"]}, {"public_url": "https://bücher.example"}, "public_url: "),
        ({"components": ["@method"]}, {"secrets": ["not base64"]}, "secret 1 of 1 is not base64"),
        ({"algorithm": "ed25519"}, {"public_url": URL}, "secret 1 of 1 is no public key"),
    ],
)
def test_a_table_that_cannot_work_is_refused(
    auth: Mapping[str, Any], more: Mapping[str, Any], text: str
) -> None:
    told = fault_of({"scheme": "rfc9421", **auth}, **{"secrets": [SECRET[:24]], **more})
    assert told.startswith(f"auth.0: {text}")


# -- structured fields ---------------------------------------------------------------------------


def test_a_structured_field_is_read_whole() -> None:
    read = structured.dictionary(
        b'a=("x";sf "y");created=1;k="q\\"\\\\",b=:AAE=: ,\tc=?0,d=tok/en:*, e=-7;f;g=?1,h=()'
    )
    assert read == {
        "a": InnerList(
            (Item("x", {"sf": True}), Item("y", {})),
            {"created": 1, "k": 'q"\\'},
            '("x";sf "y");created=1;k="q\\"\\\\"',
        ),
        "b": Item(b"\x00\x01", {}),
        "c": Item(False, {}),
        "d": Item("tok/en:*", {}),
        "e": Item(-7, {"f": True, "g": True}),
        "h": InnerList((), {}, "()"),
    }


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"A=1",
        b"a=",
        b"a=1 b=2",
        b"a=1,",
        b"a=1,a=2",
        b"a=1;b;b",
        b"a=(1  2)",
        b"a=(1",
        b"a=(1)2",
        b'a="\\x"',
        b'a="x',
        'a="é"'.encode(),
        b"a=:A:",
        b"a=:A===:",
        b"a=?2",
        b"a=1.5",
        b"a=1234567890123456",
        b", ".join(b"a%d=1" % number for number in range(65)),
    ],
)
def test_what_is_not_exactly_so_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        structured.dictionary(text)


@given(st.text(alphabet='ab=();,"\\:?01-. \t', max_size=40))
def test_noise_is_read_or_refused(text: str) -> None:
    try:
        structured.dictionary(text.encode())
    except ValueError:
        return
    assert text
