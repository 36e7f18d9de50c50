"""Addresses as logs may show them: `j•••@example.com`, `+1415•••0123`.

Takes any text, gives it with every mail address and telephone number in it shortened. Refuses
nothing; what is shortened already stays as it is.
"""

import re

_GAP = "•••"
_MAILBOX = re.compile(r"(?<![^\s<>@])([^\s<>@])[^\s<>@]*@")
_QUOTED = re.compile(r'"([^"])[^"\r\n]*"(?=@)')
# No number is written longer, and without a bound hostile text would take its square in time.
_INTERNATIONAL = re.compile(r"\+\d[\d ().-]{5,30}\d")
_ANY_NUMBER = re.compile(r"\+?\d[\d ().-]{5,30}\d\d")
# With fewer digits, what is left out would be no more than what is shown.
_LONG_NUMBER = 11


def masked(text: str) -> str:
    """Shorten mail addresses, and numbers that begin with a plus."""
    if "+" in text:
        # First, because what is left of a mailbox might become part of a number.
        text = _INTERNATIONAL.sub(_number, text)
    if "@" in text:
        text = _MAILBOX.sub(rf"\1{_GAP}@", _QUOTED.sub(rf"\1{_GAP}", text))
    return text


def masked_foreign(text: str) -> str:
    """Shorten mail addresses, and everything that may be a telephone number.

    For the words of others, a provider or a library: those write numbers in any form. Times
    and long ids become unreadable too.
    """
    return _ANY_NUMBER.sub(_number, masked(text))


def _number(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if found[0].startswith("+") and len(digits) >= _LONG_NUMBER:
        return f"+{digits[:4]}{_GAP}{digits[-4:]}"
    return f"{_GAP}{digits[-2:]}"
