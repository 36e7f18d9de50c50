"""Text from outside, made fit for one line of a message.

Takes any str, whatever its length and whatever is in it; gives one line without control,
bidirectional, zero-width and unpaired surrogate characters, of a bounded length. Joiners stay
where writing needs them. Refuses nothing.
"""

import re
import unicodedata

TITLE = 1_000
NAME = 200
NUMBER = 64

ELLIPSIS = "…"

# So much is looked at for each character wanted; the rest of a hostile text is never read.
_LOOKAHEAD = 4

# A letter with more marks than this is not a letter of any language; it may be cut anywhere.
_LONGEST_CLUSTER = 16

_SPACES = re.compile(r"[\s\x1c-\x1f\x85\u2028\u2029\u2800\u3164\uffa0\u115f\u1160]+")

# Controls, soft hyphen, marks and overrides of direction, invisible operators,
# annotations, tags and noncharacters: Unicode's Cc and those of Cf that show nothing (UTR 36).
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u17b4\u17b5\u180b-\u180f"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    r"\U0001fffe\U0001ffff\U000f0000-\U0010ffff]+"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")

# What a joiner changes the look of: scripts from Hebrew to Myanmar, Khmer and Mongolian, those of
# Bali and India, and emoji (UAX 31, UTS 51). Anywhere else, and in a row, it shows nothing.
_JOINABLE = (
    r"\u0590-\u109f\u1780-\u18af\u1b00-\u1cff\u2190-\u2328\u232b-\u2adb\u2add-\u2bff"
    r"\ua880-\uabff\ufb1d-\ufdff\ufe0f\ufe70-\ufefc\U00010a00-\U00011fff\U0001f000-\U0001faff"
)
_JOINER = "\u200d"
_JOINERS = ("\u200c", _JOINER)
_IDLE_JOINERS = re.compile(rf"(?<![{_JOINABLE}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINABLE}])")


def clean(text: str | None, limit: int) -> str:
    """Give the text as one tidy line of at most `limit` characters; empty for None.

    Line ends and tabs become spaces, runs of spaces become one, an unpaired surrogate becomes
    U+FFFD. What is too long ends with `…`. The form is NFC.
    """
    if not text:
        return ""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        # Nearly all text is like that, and nothing below would change it.
        return text.strip()
    read = text[: limit * _LOOKAHEAD + _LONGEST_CLUSTER]
    line = _SURROGATES.sub("\ufffd", _UNSEEN.sub("", _SPACES.sub(" ", read)))
    line = _IDLE_JOINERS.sub("", line)
    line = _SPACES.sub(" ", unicodedata.normalize("NFC", line)).strip()
    if len(read) < len(text):
        return shorten(line + ELLIPSIS, limit)
    return shorten(line, limit)


def shorten(text: str, limit: int) -> str:
    """Give the text in at most `limit` characters; what was cut off is shown by `…`."""
    if len(text) <= limit:
        return text
    return text[: boundary(text, max(limit - 1, 0))].rstrip() + ELLIPSIS


def boundary(text: str, at: int) -> int:
    """Give the last place at or before `at` where a cut leaves whole characters as people see them.

    A mark stays with its letter, and a flag or a joined emoji whole, roughly as UAX 29 has it;
    after 16 marks the cut is made where it was asked for.
    """
    for place in range(at, max(at - _LONGEST_CLUSTER, 0), -1):
        if not (_extends(text, place) or _splits_flag(text, place)):
            return place
    return at if at > _LONGEST_CLUSTER else 0


def _extends(text: str, place: int) -> bool:
    if place >= len(text):
        return False
    letter = text[place]
    if letter in _JOINERS or text[max(place - 1, 0)] == _JOINER:
        return True
    return unicodedata.category(letter)[0] == "M" or "\U0001f3fb" <= letter <= "\U0001f3ff"


def _splits_flag(text: str, place: int) -> bool:
    before = 0
    while before < min(place, _LONGEST_CLUSTER) and _is_flag_half(text, place - before - 1):
        before += 1
    return before % 2 == 1 and _is_flag_half(text, place)


def _is_flag_half(text: str, place: int) -> bool:
    return place < len(text) and "\U0001f1e6" <= text[place] <= "\U0001f1ff"
