"""The GSM 7-bit alphabet, and the nearest text in it.

Takes any str, gives its form in the alphabet. Refuses nothing: it says how far it came.
Tables: 3GPP TS 23.038, section 6.2.1.
"""

import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
"""These take two septets each: an escape and a letter."""

ALPHABET = BASIC | EXTENSION

# What Unicode's decompositions do not say; quotes and dashes by their code points.
_NEAREST = {
    **dict.fromkeys(
        "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u0060\u00b4\u02b9\u02bb\u02bc", "'"
    ),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043", "-"),
    **dict.fromkeys("\u2022\u00b7\u2219", "*"),
    **{"\t": " ", "\u2044": "/", "\u00d7": "x", "\u00a9": "(c)", "\u00ae": "(R)"},
    **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H"},
    **{"\u0131": "i", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ŧ": "t", "Ŧ": "T", "ĸ": "k"},
    **{"ŋ": "n", "Ŋ": "N", "ẞ": "SS"},
}


def translate(text: str) -> tuple[str, int]:
    """Give the nearest text in the alphabet, and how many characters of `text` it stands for.

    It ends before the first character that the alphabet cannot say. Marks are dropped from
    letters it has only without them.
    """
    said: list[str] = []
    for place, letter in enumerate(text):
        near = letter if letter in ALPHABET else _nearest(letter)
        if near is None:
            return "".join(said), place
        said.append(near)
    return "".join(said), len(text)


def _nearest(letter: str) -> str | None:
    if letter in _NEAREST:
        return _NEAREST[letter]
    bare = [
        part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
    ]
    near = "".join(_NEAREST.get(part, part) for part in bare)
    # A mark on its own says nothing; a letter that leaves nothing behind was not one.
    if not near and not unicodedata.combining(letter):
        return None
    return near if ALPHABET.issuperset(near) else None
