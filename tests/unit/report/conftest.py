from __future__ import annotations

import pytest
from hand_made import Made, a_set


@pytest.fixture(scope="session")
def made() -> Made:
    return a_set()
