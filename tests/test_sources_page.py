"""docs/reference/sources.md, held against what a table may hold, both ways."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, create_model

from notifier.sources import definition
from notifier.sources.definition import FIELDS, PARTY_FIELDS, TICKET_FIELDS
from notifier.sources.expression_filters import FILTERS

PAGE = (Path(__file__).parent.parent / "docs" / "reference" / "sources.md").read_text("utf-8")

NOTHING = "\u2013"

TABLES: dict[str, type[BaseModel]] = {
    "## [sources.NAME]": definition.Definition,
    "### hmac": definition.Hmac,
    "### digest": definition.Digest,
    "### ed25519": definition.Ed25519,
    "### timestamp": definition.Timestamp,
    "### token": definition.Token,
    "### basic": definition.Basic,
    "### jwt": definition.Jwt,
    "### rfc9421": definition.Rfc9421,
    "### none": definition.NoAuth,
    "## challenge": definition.Challenge,
    "### echo": definition.Echo,
    "### crc": definition.Crc,
    "## dedupe": definition.Dedupe,
    "## map": definition.MapTable,
}


def rows(heading: str) -> dict[str, str]:
    """Give the keys of the one table under a heading, with their defaults as the page says them."""
    after = PAGE.split(f"\n{heading}\n")[1]
    text = re.split(r"(?m)^##", after)[0]
    found = re.findall(r"(?m)^\| `([a-z0-9_]+)` \|(.*?)\|", text)
    assert len(found) == len(dict(found))
    return {key: default.strip() for key, default in found}


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_of_a_table_stands_in_its_section_and_back(heading: str) -> None:
    fields = TABLES[heading].model_fields
    assert set(rows(heading)) == {field.alias or name for name, field in fields.items()}


@pytest.mark.parametrize("heading", TABLES)
def test_every_default_is_that_of_the_code(heading: str) -> None:
    for name, field in TABLES[heading].model_fields.items():
        said = rows(heading)[field.alias or name]
        if field.is_required():
            assert said == "", name
        elif said.startswith("`"):
            # What is written there is read to the very value that stands in for it.
            written = tomllib.loads(f"value = {said.strip('`')}")["value"]
            alone = create_model("Alone", value=(field.rebuild_annotation(), ...))
            assert alone(value=written).model_dump()["value"] == field.default, name
        else:
            assert said in {NOTHING, "the source's"}, name


def test_every_scheme_has_its_section() -> None:
    schemes = {
        get_args(made.model_fields["scheme"].annotation)[0]
        for made in get_args(get_args(definition.Auth)[0])
    }
    assert {f"### {one}" for one in schemes} <= set(TABLES)


def test_every_field_and_filter_is_named() -> None:
    assert all(f"`{name}`" in PAGE for name in (*TICKET_FIELDS, *PARTY_FIELDS))
    assert len(FIELDS) == len(TICKET_FIELDS) + 3 * len(PARTY_FIELDS) + 1
    assert [name for name in FILTERS if not re.search(rf"\b{name}\b", PAGE)] == []
