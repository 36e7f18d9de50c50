"""The shipped tables of help desks, as files; what they do is tested in tests/presets."""

import pytest

from notifier.model.errors import ConfigurationError
from notifier.sources import presets


def test_a_table_may_be_changed_without_changing_the_next() -> None:
    name = presets.names()[0]
    first = presets.table(name)
    first.clear()
    assert presets.table(name)["about"]["title"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("zamad", "there is no preset zamad; did you mean zammad?"),
        ("../zammad", "there is no preset"),
        ("qqqqqq", "`notifier sources presets` lists them"),
    ],
)
def test_an_unknown_preset_says_which_there_are(name: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        presets.table(name)
