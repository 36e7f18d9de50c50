"""The store under test, for every file of its conformance suite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store_harness import (
    STORES,
    StoreHarness,
    as_store,
)


@pytest.fixture(params=STORES)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreHarness]:
    harness = StoreHarness(request.param, tmp_path)
    assert as_store(harness) is harness.store
    yield harness
    await harness.store.close()
