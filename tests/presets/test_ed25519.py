"""The line that the pages of Standard Webhooks and Svix give to those who sign with Ed25519."""

import re
import tomllib
from dataclasses import replace

import pytest

from notifier.model.errors import BadSignature
from notifier.sources import definition, presets
from notifier.sources.authenticating import Authenticator, authenticator
from notifier.sources.call import Call
from notifier.sources.definition import Definition, Hmac
from tests.presets.signing import Pair, invented, signed_by

NOW = 1_795_424_400_000

both = pytest.mark.parametrize("preset", ["standard_webhooks", "svix"])


def set_up(preset: str) -> tuple[Definition, Pair, Authenticator]:
    about = presets.table(preset)["about"]
    (line,) = re.findall(r"`(auth = .*?)`", " ".join(about["traps"]))
    plain = definition.read(preset, {"preset": preset, **tomllib.loads(line)})
    pair = invented(plain.auth[0])
    made = plain.model_copy(update={"secrets": [pair.configured]})
    return made, pair, authenticator(made, str, str.encode)


@both
def test_it_lets_in_who_has_the_private_key(preset: str) -> None:
    made, pair, verifying = set_up(preset)
    assert pair.configured.startswith("whpk_")
    call = signed_by(made.auth[0], made, pair.signing, Call((), b"{}"), NOW)
    verifying.verify(call, NOW)
    with pytest.raises(BadSignature):
        verifying.verify(replace(call, body=b"[]"), NOW)


@both
def test_it_lets_in_nobody_who_signs_with_the_public_key(preset: str) -> None:
    _, pair, verifying = set_up(preset)
    shared = definition.read(preset, {"preset": preset})
    entry = shared.auth[0]
    assert isinstance(entry, Hmac)
    key = pair.configured.removeprefix("whpk_")
    for prefix in ("v1,", "v1a,"):
        forged = entry.model_copy(update={"prefix": prefix})
        call = signed_by(forged, shared, key, Call((), b"{}"), NOW)
        with pytest.raises(BadSignature):
            verifying.verify(call, NOW)
