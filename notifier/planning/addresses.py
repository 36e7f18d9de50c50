"""Addresses in the one form that lanes, suppressions and history know them by.

Takes text as a help desk gave it, gives mail addresses in ASCII and telephone numbers in
E.164. Refuses what its grammar does not allow by giving None; the kind of domain is no reason.
"""

import re
from functools import lru_cache

import phonenumbers
from email_validator import validate_email

EMAIL = "email"
SMS = "sms"

# No address is longer; the libraries take very long over very long text.
_LONGEST = 320

# Beyond these the library finds numbers inside other text, for example inside a mail address.
_IN_A_PHONE_NUMBER = frozenset("+0123456789 ().-/\u00a0\u2011")

# What the library gives back as it is: a name in lower case at a plain domain. It takes 0.02 ms
# to say so. Labels that may be of another alphabet, or are too long, are left to it.
_USUAL = re.compile(
    r"(?=.{1,200}$)(?=[^@]{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?!.*--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)

# The library refuses names such as corp.local by a list; under another label they pass.
_LABELS = ("", ".a")


def normalise(channel: str, text: str, region: str | None) -> str | None:
    """Give the address in its one form, or None when it is not valid.

    `region` is the country that a national telephone number belongs to.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if channel == EMAIL:
        return _mail_address(text)
    return _phone_number(text, region)


@lru_cache(maxsize=4096)
def _mail_address(text: str) -> str | None:
    if _USUAL.fullmatch(text):
        return text
    for label in _LABELS:
        try:
            found = validate_email(
                text + label,
                check_deliverability=False,
                globally_deliverable=False,
                allow_smtputf8=False,
                allow_quoted_local=True,
                allow_domain_literal=True,
                strict=True,
            )
        except ValueError:
            continue
        return f"{found.ascii_local_part}@{found.ascii_domain.removesuffix(label)}"
    return None


@lru_cache(maxsize=4096)
def _phone_number(text: str, region: str | None) -> str | None:
    if not _IN_A_PHONE_NUMBER.issuperset(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
