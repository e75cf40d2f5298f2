"""What several tests share: where the published stimuli lie, and what a missing framework means."""

import os
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parent.parent.parent / "shared" / "reference"


@pytest.fixture(scope="session")
def reference():
    """The folder of the published stimuli. Their licences forbid shipping them, so most machines lack it."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the published stimuli are not at {REFERENCE}")
    return REFERENCE


def need(module):
    """Import `module`, or skip the test; under MINILSTM_REQUIRE_PARITY=1 (as in CI) a missing one is a failure."""
    if os.environ.get("MINILSTM_REQUIRE_PARITY"):
        return __import__(module)
    return pytest.importorskip(module)
