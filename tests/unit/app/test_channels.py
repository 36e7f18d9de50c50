import pytest

from notifier.app import channels
from notifier.channels.base import Channel
from notifier.demo.catcher import Catcher
from notifier.model.errors import ConfigurationError
from notifier.model.messages import Medium, Outgoing, Sms
from notifier.rendering import sms
from tests.smtp_sink import SmtpSink
from tests.unit.app.running import settings

GMAIL = {"SMTP_USER": "desk@example.com", "SMTP_PASSWORD": "a-password"}
RELAY = {"SMTP_HOST": "127.0.0.1", "SMTP_AUTH": "none", "FROM_EMAIL": "desk@example.com"}
TWILIO = {
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_PHONE_NUMBER": "+14155550100",
}
OFF = {"ENABLE_EMAIL": "false"}


@pytest.mark.parametrize(
    ("given", "enabled", "configured"),
    [
        ({}, {"email"}, set()),
        (OFF, set(), set()),
        (GMAIL, {"email"}, {"email"}),
        (GMAIL | OFF, set(), {"email"}),
        (TWILIO, {"email", "sms"}, {"sms"}),
        (GMAIL | TWILIO, {"email", "sms"}, {"email", "sms"}),
        (GMAIL | TWILIO | {"ENABLE_SMS": "false"}, {"email"}, {"email", "sms"}),
    ],
)
async def test_a_channel_is_built_when_it_is_on_and_has_what_it_needs(
    given: dict[str, str], enabled: set[str], configured: set[str]
) -> None:
    found = settings(**given)
    assert channels.enabled(found) == enabled
    assert channels.configured(found) == configured
    built = channels.build(found)
    assert set(built) == enabled & configured
    for name, channel in built.items():
        assert (channel.name, channel.medium) == (name, channels.MEDIA[name])
        await channel.close()


async def test_the_number_of_connections_is_the_number_of_places() -> None:
    channel = channels.build(settings(**GMAIL, SMTP_MAX_CONNECTIONS="7"))["email"]
    assert channel.about.places == 7
    await channel.close()


async def test_the_email_channel_speaks_to_the_server_of_the_settings() -> None:
    async with SmtpSink() as sink:
        # A name and a password are not given to a relay that wants no sign-in.
        given = {**GMAIL, **RELAY, "SMTP_PORT": str(sink.port), "SMTP_TLS": "none"}
        await _probe(channels.build(settings(**given))["email"])
        assert sink.connections == 1


@pytest.mark.parametrize(
    "given",
    [
        TWILIO,
        TWILIO
        | {
            "TWILIO_AUTH_TOKEN": "",
            "TWILIO_API_KEY": "SK1",
            "TWILIO_API_SECRET": "a-secret",
            "TWILIO_PHONE_NUMBER": "",
            "TWILIO_MESSAGING_SERVICE_SID": "MG1",
        },
    ],
    ids=["token", "pair"],
)
async def test_the_sms_channel_speaks_to_the_endpoint_of_the_settings(
    given: dict[str, str],
) -> None:
    async with Catcher(sms.count) as catcher:
        channel = channels.build(settings(**given, TWILIO_API_BASE=catcher.api_base))["sms"]
        outgoing = Outgoing(Sms("Hello", "gsm7", 1), "+14155550123", "nonce", 60)
        receipt = await channel.send(outgoing, lambda: True)
        assert receipt.provider_id
        await _probe(channel)
        assert [(one.to, one.body) for one in catcher.sms] == [("+14155550123", "Hello")]


async def _probe(channel: Channel) -> None:
    await channel.probe()
    await channel.close()


def test_what_only_a_channel_finds_to_be_wrong_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="SMTP_HOST"):
        channels.build(settings(**RELAY | {"SMTP_HOST": "mail example"}))


@pytest.mark.parametrize(
    ("given", "email", "texts"),
    [
        (
            {},
            "[Email] disabled: SMTP_USER and SMTP_PASSWORD are not set (a relay without sign-in "
            "needs SMTP_AUTH=none and FROM_EMAIL)",
            "[SMS] disabled: ENABLE_SMS is false",
        ),
        (
            GMAIL | {"ENABLE_SMS": "true"},
            "[Email] SMTP credentials configured",
            "[SMS] disabled: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER "
            "are not set",
        ),
        (
            RELAY | TWILIO,
            "[Email] SMTP relay 127.0.0.1:587 without sign-in",
            "[SMS] Twilio credentials configured",
        ),
        (
            OFF,
            "[Email] disabled: ENABLE_EMAIL is false",
            "[SMS] disabled: ENABLE_SMS is false",
        ),
    ],
)
def test_each_channel_has_one_line_that_shows_no_secret(
    given: dict[str, str], email: str, texts: str
) -> None:
    assert channels.start_lines(settings(**given)) == (email, texts)


def test_every_channel_has_its_medium() -> None:
    assert channels.MEDIA == {"email": Medium.EMAIL, "sms": Medium.SMS}
