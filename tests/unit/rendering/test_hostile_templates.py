"""Templates that would break out, run away or grow without end (cell G15).

Each is refused when it is loaded, before a message is made of it, and the built-in one renders.
What each may cost is counted and not timed, so these tests depend on no machine's speed; the
time limit of every test stands for "it ends".
"""

from pathlib import Path

import pytest

from notifier.model.messages import Email, Medium
from notifier.rendering import bounded, grammar
from notifier.rendering.bounded import ALLOWANCE, Bounds
from notifier.rendering.grammar import Refused
from notifier.rendering.inlining import Inliner
from notifier.rendering.renderer import Renderer
from tests.unit.rendering.examples import ASSIGNED, STYLE, batch
from tests.unit.rendering.folders import END, HTML, PAGE, SUBJECT, TEXT, faults, put, told

CALL = "a call, NAME(…), may not be used"
COSTLY = "it is too costly"
DEEP = "it is too deeply nested"
LONG = "it is too long or too deeply nested"
FIELD = "there is no field"
LISTS = "not a list or a table"
START = "{% set x = 'aaaaaaaaaa' %}"
TEN = "[" + "1," * 10 + "]"
# Within one file; the longest title is as long as a text can be that no template made.
LONG_TEXT = "{% set x = 'a' ~ title %}" + "{% set x = x ~ x ~ x %}" * 6
LOOPS = "".join(f"{{% for {name} in {TEN} %}}" for name in "abc")
ENDS = "{% endfor %}" * 3

HOSTILE = {
    "escape-class": ("{{ ''.__class__.__mro__ }}", FIELD),
    "escape-item": ("{{ number['__class__'] }}", "access to attribute '__class__'"),
    "escape-format": ("{{ '{0.__class__}'.format(number) }}", CALL),
    "escape-attr": ("{{ number|attr('__class__') }}", "there is no filter attr"),
    "escape-globals": ("{{ cycler.__init__.__globals__ }}", FIELD),
    "escape-self": ("{{ self._TemplateReference__context }}", FIELD),
    "escape-private": ("{{ _x }}", "there is no variable _x"),
    "escape-lipsum": ("{{ lipsum }}", "there is no variable lipsum"),
    "escape-namespace": ("{% set a = namespace(b=1) %}", CALL),
    "escape-map": ("{{ tickets|map(attribute='x') }}", "there is no filter map"),
    "escape-method": ("{{ number.title }}", LISTS),
    "import": ("{% import 'a' as b %}", "import may not be used"),
    "from-import": ("{% from 'a' import b %}", "import may not be used"),
    "autoescape": ("{% autoescape false %}x{% endautoescape %}", "autoescape"),
    "g16-path": ('{% include "../../etc/passwd" %}', "only these may be included"),
    "g16-variable": ("{% include title %}", "only these may be included"),
    "range": ("{{ range(999999999) }}", CALL),
    "nested-ranges": ("{% for a in range(99999) %}{% for b in range(99999) %}" * 2, None),
    "times": ("{{ 'a' * 10**9 }}", "the operator * may not be used"),
    "times-constant": ("{{ 'a' * 1000000000 }}", "the operator * may not be used"),
    "power": ("{{ 9**9**9**9 }}", "the operator ** may not be used"),
    "percent": ("{{ '%999999999d' % 1 }}", "the operator % may not be used"),
    "long-number": ("{{ " + "9" * 60_000 + " }}", "Exceeds the limit"),
    "doubling-tilde": (START + "{% set x = x ~ x %}" * 60 + "{{ x }}", COSTLY),
    "doubling-plus": (START + "{% set x = x + x %}" * 60 + "{{ x }}", "+ is for whole numbers"),
    "doubling-list": ("{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}", LISTS),
    "doubling-pair": ("{% set x = 1, 1 %}" + "{% set x = x, x %}" * 60 + "{{ x == x }}", LISTS),
    "doubling-table": ("{% set x = {1: 1} %}" + "{% set x = {1: x} %}" * 60 + "{{ x }}", LISTS),
    "doubling-replace": (START + "{% set x = x|replace('a', x) %}" * 60 + "{{ x }}", COSTLY),
    "doubling-empty": (START + "{% set x = x|replace('', x) %}" * 60 + "{{ x }}", COSTLY),
    "doubling-join": (START + "{% set x = [x, x]|join(x) %}" * 60 + "{{ x }}", COSTLY),
    "doubling-upper": ("{% set x = 'ŉ' %}" + "{% set x = (x ~ x)|upper %}" * 60, COSTLY),
    "recursion-macro": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", CALL),
    "recursion-loop": ("{% for a in [1] recursive %}x{% endfor %}", "may not be recursive"),
    "recursion-file": (f'{{% include "{TEXT}" %}}', f"{TEXT} includes itself"),
    "loops-deep": ("{% for a in [1] %}" * 4 + "x" + "{% endfor %}" * 4, LONG),
    "loops-long": (LOOPS.replace("1,", "1," * 30) + "x" + ENDS, COSTLY),
    "loops-body": (LOOPS + "{% if a %}{% endif %}" * 400 + ENDS, COSTLY),
    "loops-filter": (LOOPS + "{{ (title|upper|lower)[:1] }}" * 20 + ENDS, COSTLY),
    "loops-text": (LONG_TEXT + LOOPS + "{{ x }}" + ENDS, "it gives more than 200000 characters"),
    "loops-slices": (LONG_TEXT + LOOPS + "{{ 1 if x[1:] }}" + ENDS, COSTLY),
    "loops-list-slices": (LOOPS + f"{{% set l = {TEN}[:9] %}}" * 30 + ENDS, COSTLY),
    "loops-compare": (LONG_TEXT + LOOPS + "{{ 1 if x == x }}" + ENDS, COSTLY),
    "loops-within": (LONG_TEXT + LOOPS + "{{ 1 if 'b' in x }}" + ENDS, COSTLY),
    "deep-parentheses": ("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", DEEP),
    "deep-not": ("{{ " + "not " * 15_000 + "1 }}", DEEP),
    "deep-minus": ("{{ " + "-" * 20_000 + "1 }}", DEEP),
    "deep-ifs": ("{% if 1 %}" * 60 + "x" + "{% endif %}" * 60, LONG),
    "long-pipes": ("{{ title" + "|upper" * 10_000 + " }}", LONG),
    "long-fields": ("{{ number" + ".title" * 10_000 + " }}", LONG),
    "long-chain": ("{{ " + "'a' ~ " * 10_000 + "'a' }}", LONG),
    "raw": ("{% raw %}" + "{{" * 30_000 + "{% endraw %}", "raw may not be used"),
    "starred": ("{{ title|truncate(*[1]) }}", "* and ** may not be used"),
    "half-a-character": ("{{ '\\ud83d' }}", "'utf-8' codec can't encode"),
}


def mail(renderer: Renderer) -> Email:
    message = renderer.render(batch(ASSIGNED), Medium.EMAIL)
    assert isinstance(message, Email)
    return message


BUILT_IN = mail(Renderer(STYLE))


@pytest.mark.parametrize(
    ("source", "said"), [pytest.param(*one, id=f"G15-{name}") for name, one in HOSTILE.items()]
)
def test_a_hostile_template_is_refused_and_the_message_leaves(
    source: str, said: str | None, tmp_path: Path
) -> None:
    mine = told(put(tmp_path, TEXT, source))
    assert mine.overridden == ()
    (fault,) = mine.faults
    assert fault.name == TEXT
    assert said is None or said in fault.said
    assert len(fault.said) <= 300
    assert mail(mine) == BUILT_IN


@pytest.mark.parametrize(
    "source",
    ["<b>" * 20_000, "<div>" * 12_000],
    ids=["G15-deep-inline", "G15-deep-block"],
)
def test_tags_nested_too_deep_end_another_process_and_not_this_one(
    source: str, tmp_path: Path
) -> None:
    mine = told(put(tmp_path, HTML, f"{PAGE}{source}x{END}"))
    assert [fault.name for fault in mine.faults] == [HTML]
    assert mine.faults[0].said.startswith("its HTML is too deep, too large or too much styled")
    assert mail(mine) == BUILT_IN


def test_the_time_for_styles_is_one_for_all_pages() -> None:
    spent = Inliner(seconds=0)
    for _ in range(2):
        with pytest.raises(ValueError, match="its HTML is too deep"):
            spent("<b>x</b>")
    assert Inliner()("<style>b { color: red }</style><b>x</b>").count("color: red") == 1


def test_a_style_sheet_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.css").write_text("b { content: 'secret' }")
    link = f'<link rel="stylesheet" href="file://{tmp_path}/secret.css">'
    folder = put(tmp_path / "mine", HTML, f"{link}<b>{{{{ number }}}}</b>")
    assert "secret'" not in mail(told(folder)).html


def test_parts_that_include_parts_do_not_grow_without_end(tmp_path: Path) -> None:
    put(tmp_path, "_layout/closing.txt.j2", "x" * 60_000)
    put(tmp_path, "_layout/greeting.txt.j2", '{% include "_layout/closing.txt.j2" %}' * 1_500)
    put(tmp_path, TEXT, '{% include "_layout/greeting.txt.j2" %}' * 1_500)
    said = faults(tmp_path)
    assert any("is longer than 262144 characters with its parts" in one for one in said.values())
    assert mail(told(tmp_path)).subject == BUILT_IN.subject


def test_what_grows_with_the_facts_is_stopped_when_it_renders(tmp_path: Path) -> None:
    failed: list[str] = []
    source = "{% set x = title %}{% if title and name == 'John' %}"
    put(tmp_path, SUBJECT, source + "{% set x = x ~ x %}" * 40 + "{{ x }}{% endif %}{{ number }}")
    mine = told(tmp_path, failed)
    assert mine.faults == ()
    made = mine.render(batch(ASSIGNED, name="John"), Medium.EMAIL)
    assert isinstance(made, Email)
    assert made.subject == BUILT_IN.subject
    assert failed[0].startswith(f"{SUBJECT}: {COSTLY}")


def test_every_rendering_has_an_allowance_of_its_own() -> None:
    part = ALLOWANCE // 3
    page = Bounds([]).compiled("a", "{{ number|upper }}")
    for _ in range(4):
        assert len(page.render({"number": "x" * 100_000})) == 100_000
    with pytest.raises(Refused, match=COSTLY):
        page.render({"number": "x" * (part * 2)})
    with pytest.raises(Refused, match=f"more than {bounded.LONGEST}"):
        page.render({"number": "x" * (bounded.LONGEST + 1)})


def test_the_environment_gives_no_name_and_no_filter_but_ours() -> None:
    page = Bounds([])
    assert page.environment.globals == {}
    visible = {name for name in page.environment.filters if " " not in name}
    assert visible == grammar.FILTERS
    assert set(page.environment.tests) == grammar.TESTS
