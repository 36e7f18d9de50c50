"""What is wrong with a Twilio account, in sentences: the cause, and how to mend it.

Takes an account, the evidence of a refusal, or the fields of what the API showed; gives
findings. Refuses nothing: a field that is not as it should be says nothing.
https://www.twilio.com/docs/api/errors and the pages of the resources named below.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from notifier.channels.faults import Fault
from notifier.channels.twilio import TwilioAccount
from notifier.model.errors import Evidence
from notifier.model.findings import Condition, Finding

ABOUT = "sms"

LOW_BALANCE = Decimal(5)
"""Below so much, in the account's currency, the balance is worth a warning."""

Fields = Mapping[str, object]

_CONSOLE = "https://console.twilio.com"


def failed(cause: str, mend: str) -> Finding:
    """Give a finding that keeps text messages from leaving."""
    return Finding(ABOUT, Condition.FAILED, cause, mend)


def refused(account: TwilioAccount, evidence: Evidence) -> Finding:
    """Tell why the account could not be read."""
    if evidence.code is None:
        return _unreached(account, evidence)
    said = _said(evidence)
    if evidence.code == 401 or evidence.enhanced_code == "20003":
        return failed(f"Twilio refused the sign-in: {said}", _credentials(account))
    if evidence.enhanced_code in ("20005", "10001"):
        return failed(f"the Twilio account is not active: {said}", _REACTIVATE)
    if evidence.enhanced_code == "20404":
        return failed(
            f"Twilio knows no such account: {said}",
            f"copy TWILIO_ACCOUNT_SID from {_CONSOLE}; it begins with AC",
        )
    if evidence.code == 429:
        return failed(f"Twilio gets too many calls from this account: {said}", "try again soon")
    if evidence.code >= 500:
        return failed(
            f"Twilio has trouble of its own: {said}",
            "try again in some minutes, and look at https://status.twilio.com",
        )
    return failed(f"{evidence.remote} does not answer as Twilio does: {said}", _base(account))


def status(fields: Fields) -> Finding | None:
    """Tell when the account may not send (resource Account, field `status`)."""
    if fields.get("status") in ("suspended", "closed"):
        return failed(f"the Twilio account is {fields['status']}", _REACTIVATE)
    return None


def is_trial(fields: Fields) -> bool:
    """Tell whether it is a trial account (resource Account, field `type`)."""
    return fields.get("type") == "Trial"


def trial(verified: int | None) -> Finding:
    """Warn of a trial account; `verified` is how many numbers it may write to, if known."""
    numbers = (
        "numbers verified in the console"
        if verified is None
        else (f"{verified} verified number{'' if verified == 1 else 's'}")
    )
    return Finding(
        ABOUT,
        Condition.WARNING,
        f"this is a trial account: texts reach only the {numbers}, every other is refused "
        "with 21608, and each text begins with a note of Twilio's",
        f"upgrade the account at {_CONSOLE}, or verify there the number of everybody who is to "
        "be told (Phone Numbers, Verified Caller IDs)",
    )


def balance(fields: Fields) -> Finding | None:
    """Tell what is left (resource Balance); None when it is not said."""
    try:
        left = Decimal(str(fields["balance"]))
    except (KeyError, InvalidOperation):
        return None
    if not left.is_finite():
        return None
    amount = f"{left:.2f} {_word(fields.get('currency'))}".strip()
    if left <= 0:
        return failed(f"the balance is used up: {amount}", f"add funds at {_CONSOLE} (Billing)")
    if left < LOW_BALANCE:
        return Finding(
            ABOUT,
            Condition.WARNING,
            f"the balance is low: {amount}",
            f"add funds at {_CONSOLE} (Billing), and switch on auto-recharge",
        )
    return Finding(ABOUT, Condition.OK, f"the balance is {amount}")


def number(account: TwilioAccount, fields: Fields) -> Finding:
    """Tell whether the number is ours and can send (resource IncomingPhoneNumbers)."""
    sender = account.from_number
    # The API finds numbers by a part of them too.
    owned = [
        one for one in _items(fields, "incoming_phone_numbers") if one.get("phone_number") == sender
    ]
    if not owned:
        return failed(
            f"{sender} is no number of this account, so Twilio refuses texts from it with 21606",
            "set TWILIO_PHONE_NUMBER to one listed under Phone Numbers, Active numbers at "
            f"{_CONSOLE}, or buy one there; the SID and the number must be of the same account",
        )
    can = owned[0].get("capabilities")
    if isinstance(can, Mapping) and can.get("sms") is False:
        return failed(
            f"{sender} cannot send text messages (it is for calls only), so Twilio refuses them "
            "with 21606",
            f"set TWILIO_PHONE_NUMBER to a number with the capability SMS ({_CONSOLE}, Phone "
            "Numbers)",
        )
    return Finding(ABOUT, Condition.OK, f"{sender} is a number of this account and can send texts")


def short_code(account: TwilioAccount, fields: Fields) -> Finding:
    """Tell whether the short code is ours (resource ShortCodes)."""
    if not _items(fields, "short_codes"):
        return failed(
            f"{account.from_number} is no short code of this account, so Twilio refuses texts "
            "from it with 21606",
            f"set TWILIO_PHONE_NUMBER to a number or short code listed at {_CONSOLE}",
        )
    return Finding(ABOUT, Condition.OK, f"{account.from_number} is a short code of this account")


def sender_name(account: TwilioAccount) -> Finding:
    """Warn of what no resource shows: whether a name is accepted as the sender."""
    return Finding(
        ABOUT,
        Condition.WARNING,
        f"whether {account.from_number} may be a sender's name cannot be seen without sending",
        "send a test with notifier send-test sms; names do not work towards the United States "
        "and Canada, nor from trial accounts",
    )


def unseen(account: TwilioAccount) -> Finding:
    """Warn that these credentials, or Twilio at present, do not show the sender."""
    sender = account.messaging_service_sid or account.from_number
    return Finding(
        ABOUT,
        Condition.WARNING,
        f"whether {sender} can send could not be read with these credentials",
        "send a test with notifier send-test sms",
    )


def no_service(account: TwilioAccount) -> Finding:
    """Tell that there is no such Messaging Service."""
    return failed(
        f"there is no Messaging Service {account.messaging_service_sid} in this account",
        f"copy TWILIO_MESSAGING_SERVICE_SID from {_CONSOLE} (Messaging, Services); it begins "
        "with MG",
    )


def service(account: TwilioAccount, senders: bool) -> Finding:
    """Tell whether the Messaging Service has a sender (resources under Services)."""
    if not senders:
        return failed(
            "the Messaging Service has no sender, so Twilio refuses texts with 21704",
            f"add a number to its Sender Pool at {_CONSOLE} (Messaging, Services)",
        )
    return Finding(
        ABOUT,
        Condition.OK,
        f"the Messaging Service {account.messaging_service_sid} has a sender",
    )


def has_any(fields: Fields, name: str) -> bool:
    """Tell whether a list has an item."""
    return bool(_items(fields, name))


def count(fields: Fields, name: str) -> int:
    """Give how many items a list has."""
    return len(_items(fields, name))


_REACTIVATE = f"open {_CONSOLE}: it says why, and what Twilio wants; often it is the billing"


def _credentials(account: TwilioAccount) -> str:
    if account.credentials[0] == account.api_key:
        return (
            "copy TWILIO_API_KEY (it begins with SK) and TWILIO_API_SECRET again; the secret is "
            "shown once only, so make a new key if it is lost; the key must be of the account "
            "TWILIO_ACCOUNT_SID"
        )
    return (
        f"copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN again from {_CONSOLE} (Account Info); "
        "test credentials and tokens that were replaced do not work"
    )


def _base(account: TwilioAccount) -> str:
    if account.api_base:
        return "check TWILIO_API_BASE; without it the usual endpoint is used"
    return "look for a proxy or firewall that answers in Twilio's place"


def _unreached(account: TwilioAccount, evidence: Evidence) -> Finding:
    remote = evidence.remote
    cause = {
        Fault.NO_HOST: f"the name of {remote} cannot be looked up",
        Fault.REFUSED: f"{remote} refused the connection",
        Fault.SILENT: f"{remote} was silent: no answer came in time",
        Fault.CLOSED: f"{remote} closed the connection without an answer",
        Fault.CERTIFICATE_UNKNOWN: f"the certificate of {remote} comes from an authority that is "
        "not known here",
        Fault.CERTIFICATE_EXPIRED: f"the certificate of {remote} has expired, or is not valid yet",
        Fault.CERTIFICATE_NAME: f"the certificate of {remote} is for another name",
    }.get(Fault(evidence.fault or Fault.UNREACHABLE))
    if account.api_base:
        mend = "check TWILIO_API_BASE, and the network of this machine"
    else:
        mend = "let this machine reach it over HTTPS (port 443); check DNS, firewall and clock"
    return failed(cause or f"{remote} cannot be reached: {evidence.reply}", mend)


def _said(evidence: Evidence) -> str:
    code = "" if evidence.enhanced_code is None else f" {evidence.enhanced_code}"
    return f"HTTP {evidence.code}{code} {evidence.reply or ''}".strip()


def _items(fields: Fields, name: str) -> list[Fields]:
    found = fields.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _word(value: object) -> str:
    return value if isinstance(value, str) and value.isalpha() and len(value) <= 3 else ""
