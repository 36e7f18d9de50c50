"""Texts that break messages: control characters, directions, line ends, half characters, length."""

import random
from collections.abc import Iterator

MEGABYTE = 1024 * 1024

FIXED = (
    "\x00",
    "a\x00b",
    "\r\n",
    "a\r\nBcc: mallory@example.com",
    "a\nX-Injected: yes\n\nbody",
    "a\r.\r\nMAIL FROM:<mallory@example.com>\r\n",
    "a\r\n.\r\nQUIT\r\n",
    ".",
    "..",
    "From mallory",
    "\u202egnp.exe\u202c",
    "x" * MEGABYTE,
    "a\x85b\u2028c\u2029d",
    "a\x0bb\x0cc\x1bd\x7fe",
    "\x1b[31mred\x1b[0m",
    "\u2066a\u2067b\u2069c",
    "a\u200bb\u200dc\ufeffd\u2060e",
    "\ud800",
    "\udc00a\ud83d",
    "\ud83d\ude00 cut \ud83d",
    "😀👩‍👩‍👧‍👦🏳️‍🌈",
    "e" + "\u0301" * 2000,
    "\U000e0041\U000e0042",
    "=?utf-8?b?WC1JbmplY3RlZDogeWVz?=",
    "=?utf-8?q?=0D=0AX:_y?=",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><h1>gone</h1>",
    "&lt;b&gt; &amp; &#0;",
    "{{ 7 * 7 }}",
    "{% for x in range(10 ** 9) %}{% endfor %}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://desk.example.com/\r\nX: y",
    "https://desk.example.com/\u202egnp",
    " " * 3000,
    "x" * 2000,
    "語" * 2000,
    "Ω" * MEGABYTE,
    "<" * MEGABYTE,
    "\r\n" * (MEGABYTE // 2),
)

_ALPHABETS = (
    "".join(map(chr, range(32))) + "\x7f\x85\xa0\xad",
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "\ud800\udbff\udc00\udfff\ufffe\uffff\ufdd0",
    "<>&\"'`=/\\{}%$#;:,()[]@ ",
    "aZ09 äßé語Ωя€😀🏽\u0301\u0308",
)


def texts(chance: random.Random) -> Iterator[str]:
    """Give the fixed ones first, then mixtures without end."""
    yield from FIXED
    while True:
        kinds = chance.sample(_ALPHABETS, chance.randrange(1, len(_ALPHABETS) + 1))
        letters = "".join(kinds)
        yield "".join(chance.choices(letters, k=chance.choice((1, 5, 40, 400, 3000))))
