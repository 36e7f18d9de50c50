"""`notifier check`, SMS: what the API shows of each thing that goes wrong, in sentences."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from notifier.channels import twilio_diagnosis as diagnosis
from notifier.channels.faults import Fault
from notifier.channels.twilio import TwilioAccount
from notifier.channels.twilio_check import check
from notifier.model.errors import Evidence
from notifier.model.findings import Condition, Finding
from tests.unit.channels.twilio_calls import ACCOUNT, ACCOUNT_SID, SECRET, TOKEN, WITH_KEY

BASE = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}"
# Each test says what differs; the rest of what the API could be asked may stay unasked.
pytestmark = pytest.mark.respx(assert_all_called=False)

SERVICE_SID = "MG" + "0c" * 16
SERVICE = f"https://messaging.twilio.com/v1/Services/{SERVICE_SID}"
NUMBER = "+14155550100"
CONSOLE = "https://console.twilio.com"
SIGNED_IN = Finding("sms", Condition.OK, "signed in to Twilio with the auth token")
ENOUGH = Finding("sms", Condition.OK, "the balance is 12.50 USD")
OWNED = Finding("sms", Condition.OK, f"{NUMBER} is a number of this account and can send texts")
WITH_SERVICE = replace(ACCOUNT, from_number=None, messaging_service_sid=SERVICE_SID)

ACTIVE: dict[str, Any] = {"sid": ACCOUNT_SID, "status": "active", "type": "Full"}
BALANCE: dict[str, Any] = {"balance": "12.5", "currency": "USD"}
NUMBERS: dict[str, Any] = {
    "incoming_phone_numbers": [{"phone_number": NUMBER, "capabilities": {"sms": True}}]
}


def failed(cause: str, mend: str) -> Finding:
    return Finding("sms", Condition.FAILED, cause, mend)


def script(mock: respx.MockRouter, **answers: object) -> None:
    """Let the API answer: as it does when all is well, but for what is given."""
    usual: dict[str, tuple[str, object]] = {
        "me": (f"{BASE}.json", ACTIVE),
        "balance": (f"{BASE}/Balance.json", BALANCE),
        "numbers": (f"{BASE}/IncomingPhoneNumbers.json", NUMBERS),
        "codes": (f"{BASE}/SMS/ShortCodes.json", {"short_codes": [{"short_code": "12345"}]}),
        "callers": (f"{BASE}/OutgoingCallerIds.json", {"outgoing_caller_ids": [{}, {}]}),
        "messages": (f"{BASE}/Messages.json", {"messages": []}),
        "service": (SERVICE, {"sid": SERVICE_SID}),
        "pool": (f"{SERVICE}/PhoneNumbers", {"phone_numbers": []}),
        "pool_codes": (f"{SERVICE}/ShortCodes", {"short_codes": []}),
        "pool_names": (f"{SERVICE}/AlphaSenders", {"alpha_senders": [{}]}),
    }
    for name, (url, body) in usual.items():
        given = answers.get(name, body)
        if isinstance(given, Exception):
            mock.get(url).mock(side_effect=given)
        else:
            answer = given if isinstance(given, httpx.Response) else httpx.Response(200, json=given)
            mock.get(url).mock(return_value=answer)


async def found(
    mock: respx.MockRouter, account: TwilioAccount = ACCOUNT, **answers: object
) -> list[Finding]:
    script(mock, **answers)
    findings = await check(account)
    assert {call.request.method for call in mock.calls} == {"GET"}
    assert TOKEN not in repr(findings)
    assert SECRET not in repr(findings)
    return findings


def problem(status: int, code: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "status": status})


async def test_an_account_that_works_is_told(respx_mock: respx.MockRouter) -> None:
    assert await found(respx_mock) == [SIGNED_IN, ENOUGH, OWNED]
    asked = respx_mock.calls[-1].request.url
    assert dict(asked.params) == {"PhoneNumber": NUMBER, "PageSize": "1"}


async def test_20003_a_wrong_sid_or_token_is_told(respx_mock: respx.MockRouter) -> None:
    findings = await found(respx_mock, me=problem(401, 20003, "Authenticate"))
    assert findings == [
        failed(
            "Twilio refused the sign-in: HTTP 401 20003 Authenticate",
            f"copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN again from {CONSOLE} (Account Info); "
            "test credentials and tokens that were replaced do not work",
        )
    ]
    assert len(respx_mock.calls) == 1


async def test_20003_a_wrong_key_is_told(respx_mock: respx.MockRouter) -> None:
    findings = await found(respx_mock, WITH_KEY, messages=problem(401, 20003, "Authenticate"))
    assert findings == [
        failed(
            "Twilio refused the sign-in: HTTP 401 20003 Authenticate",
            "copy TWILIO_API_KEY (it begins with SK) and TWILIO_API_SECRET again; the secret is "
            "shown once only, so make a new key if it is lost; the key must be of the account "
            "TWILIO_ACCOUNT_SID",
        )
    ]


@pytest.mark.parametrize("barred", [True, False])
async def test_a_key_that_works_is_told(barred: bool, respx_mock: respx.MockRouter) -> None:
    may_not = problem(403, 20008, "Forbidden")
    answers = {"messages": may_not, "balance": may_not, "numbers": may_not} if barred else {}
    findings = await found(respx_mock, WITH_KEY, **answers)
    signed_in = Finding("sms", Condition.OK, "signed in to Twilio with the API key")
    unseen = Finding(
        "sms",
        Condition.WARNING,
        f"whether {NUMBER} can send could not be read with these credentials",
        "send a test with notifier send-test sms",
    )
    assert findings == ([signed_in, unseen] if barred else [signed_in, ENOUGH, OWNED])


REFUSALS = {
    "20005": (
        problem(403, 20005, "Account not active"),
        "the Twilio account is not active: HTTP 403 20005 Account not active",
        f"open {CONSOLE}: it says why, and what Twilio wants; often it is the billing",
    ),
    "20404": (
        problem(404, 20404, "The requested resource was not found"),
        "Twilio knows no such account: HTTP 404 20404 The requested resource was not found",
        f"copy TWILIO_ACCOUNT_SID from {CONSOLE}; it begins with AC",
    ),
    "20429": (
        problem(429, 20429, "Too Many Requests"),
        "Twilio gets too many calls from this account: HTTP 429 20429 Too Many Requests",
        "try again soon",
    ),
    "503": (
        httpx.Response(503, text="<html>"),
        "Twilio has trouble of its own: HTTP 503",
        "try again in some minutes, and look at https://status.twilio.com",
    ),
    "wall": (
        httpx.Response(403, text="<html>blocked</html>"),
        "api.twilio.com does not answer as Twilio does: HTTP 403",
        "look for a proxy or firewall that answers in Twilio's place",
    ),
    "suspended": (
        httpx.Response(200, json={**ACTIVE, "status": "suspended"}),
        "the Twilio account is suspended",
        f"open {CONSOLE}: it says why, and what Twilio wants; often it is the billing",
    ),
}


@pytest.mark.parametrize("way", REFUSALS)
async def test_an_account_that_cannot_be_used_is_told(
    way: str, respx_mock: respx.MockRouter
) -> None:
    answer, cause, mend = REFUSALS[way]
    assert await found(respx_mock, me=answer) == [failed(cause, mend)]


UNREACHED = {
    "connect": (httpx.ConnectTimeout("late"), "was silent: no answer came in time"),
    "read": (httpx.ReadTimeout("late"), "was silent: no answer came in time"),
    "odd": (httpx.RemoteProtocolError("odd"), "cannot be reached: RemoteProtocolError: odd"),
}
HTTPS = "let this machine reach it over HTTPS (port 443); check DNS, firewall and clock"


@pytest.mark.parametrize("way", UNREACHED)
async def test_an_endpoint_that_is_not_reached_is_told(
    way: str, respx_mock: respx.MockRouter
) -> None:
    error, cause = UNREACHED[way]
    assert await found(respx_mock, me=error) == [failed(f"api.twilio.com {cause}", HTTPS)]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.NO_HOST, "the name of api.twilio.com cannot be looked up"),
        (Fault.CERTIFICATE_EXPIRED, "the certificate of api.twilio.com has expired, or is not"),
        (Fault.CERTIFICATE_NAME, "the certificate of api.twilio.com is for another name"),
    ],
)
def test_what_no_endpoint_on_loopback_shows_has_its_sentence(fault: Fault, cause: str) -> None:
    evidence = Evidence("connect", reply="no", remote="api.twilio.com", fault=fault)
    finding = diagnosis.refused(ACCOUNT, evidence)
    assert finding.cause.startswith(cause)
    assert finding.mend == HTTPS


async def test_another_endpoint_is_asked_for_everything(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(url__startswith="https://twilio.example.com/").mock(
        return_value=httpx.Response(404, text="nothing here")
    )
    (finding,) = await check(replace(WITH_SERVICE, api_base="https://twilio.example.com"))
    assert finding == failed(
        "twilio.example.com does not answer as Twilio does: HTTP 404",
        "check TWILIO_API_BASE; without it the usual endpoint is used",
    )


@pytest.mark.parametrize("others", [[], [{"phone_number": f"{NUMBER}1"}]])
async def test_21606_a_number_of_another_account_is_told(
    others: list[object], respx_mock: respx.MockRouter
) -> None:
    findings = await found(respx_mock, numbers={"incoming_phone_numbers": others})
    assert findings == [
        SIGNED_IN,
        ENOUGH,
        failed(
            f"{NUMBER} is no number of this account, so Twilio refuses texts from it with 21606",
            "set TWILIO_PHONE_NUMBER to one listed under Phone Numbers, Active numbers at "
            f"{CONSOLE}, or buy one there; the SID and the number must be of the same account",
        ),
    ]


async def test_21606_a_number_for_calls_only_is_told(respx_mock: respx.MockRouter) -> None:
    owned = {"phone_number": NUMBER, "capabilities": {"voice": True, "sms": False}}
    findings = await found(respx_mock, numbers={"incoming_phone_numbers": [owned]})
    assert findings[-1] == failed(
        f"{NUMBER} cannot send text messages (it is for calls only), so Twilio refuses them with "
        "21606",
        f"set TWILIO_PHONE_NUMBER to a number with the capability SMS ({CONSOLE}, Phone Numbers)",
    )


@pytest.mark.parametrize(
    ("callers", "numbers"),
    [
        ({"outgoing_caller_ids": [{}, {}]}, "2 verified numbers"),
        ({"outgoing_caller_ids": [{}]}, "1 verified number"),
        (problem(403, 20008, "Forbidden"), "numbers verified in the console"),
    ],
)
async def test_21608_a_trial_account_is_told(
    callers: object, numbers: str, respx_mock: respx.MockRouter
) -> None:
    trial = {**ACTIVE, "type": "Trial"}
    findings = await found(respx_mock, me=trial, callers=callers)
    assert findings[1] == Finding(
        "sms",
        Condition.WARNING,
        f"this is a trial account: texts reach only the {numbers}, every other is refused with "
        "21608, and each text begins with a note of Twilio's",
        f"upgrade the account at {CONSOLE}, or verify there the number of everybody who is to be "
        "told (Phone Numbers, Verified Caller IDs)",
    )
    assert findings[2:] == [ENOUGH, OWNED]


@pytest.mark.parametrize(
    ("balance", "condition", "cause", "mend"),
    [
        ("0.00", Condition.FAILED, "used up: 0.00 USD", f"add funds at {CONSOLE} (Billing)"),
        ("-3.2", Condition.FAILED, "used up: -3.20 USD", f"add funds at {CONSOLE} (Billing)"),
        (
            "4.99",
            Condition.WARNING,
            "low: 4.99 USD",
            f"add funds at {CONSOLE} (Billing), and switch on auto-recharge",
        ),
    ],
)
async def test_a_balance_that_is_low_or_used_up_is_told(
    balance: str, condition: Condition, cause: str, mend: str, respx_mock: respx.MockRouter
) -> None:
    findings = await found(respx_mock, balance={"balance": balance, "currency": "USD"})
    assert findings[1] == Finding("sms", condition, f"the balance is {cause}", mend)


@pytest.mark.parametrize("odd", [{}, {"balance": "much"}, {"balance": "NaN"}, {"balance": None}])
async def test_a_balance_that_is_no_number_says_nothing(
    odd: dict[str, object], respx_mock: respx.MockRouter
) -> None:
    assert await found(respx_mock, balance=odd) == [SIGNED_IN, OWNED]


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([{}], Finding("sms", Condition.OK, "12345 is a short code of this account")),
        (
            [],
            failed(
                "12345 is no short code of this account, so Twilio refuses texts from it with "
                "21606",
                f"set TWILIO_PHONE_NUMBER to a number or short code listed at {CONSOLE}",
            ),
        ),
    ],
)
async def test_a_short_code_is_looked_up(
    codes: list[object], said: Finding, respx_mock: respx.MockRouter
) -> None:
    account = replace(ACCOUNT, from_number="12345")
    assert (await found(respx_mock, account, codes={"short_codes": codes}))[-1] == said


async def test_a_senders_name_is_a_warning(respx_mock: respx.MockRouter) -> None:
    finding = (await found(respx_mock, replace(ACCOUNT, from_number="Help Desk")))[-1]
    assert finding.condition is Condition.WARNING
    assert "whether Help Desk may be a sender's name cannot be seen" in finding.cause


async def test_a_messaging_service_with_a_sender_is_told(respx_mock: respx.MockRouter) -> None:
    cause = f"the Messaging Service {SERVICE_SID} has a sender"
    assert (await found(respx_mock, WITH_SERVICE))[-1] == Finding("sms", Condition.OK, cause)


async def test_21704_a_messaging_service_without_a_sender_is_told(
    respx_mock: respx.MockRouter,
) -> None:
    findings = await found(respx_mock, WITH_SERVICE, pool_names={"alpha_senders": []})
    assert findings[-1] == failed(
        "the Messaging Service has no sender, so Twilio refuses texts with 21704",
        f"add a number to its Sender Pool at {CONSOLE} (Messaging, Services)",
    )


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (problem(404, 20404, "not found"), f"there is no Messaging Service {SERVICE_SID} in this"),
        (problem(403, 20008, "Forbidden"), f"whether {SERVICE_SID} can send could not be read"),
    ],
)
async def test_a_messaging_service_that_is_not_shown_is_told(
    answer: httpx.Response, cause: str, respx_mock: respx.MockRouter
) -> None:
    assert (await found(respx_mock, WITH_SERVICE, service=answer))[-1].cause.startswith(cause)
