"""What the tests of releases share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qlora_gov.canonical import bytes_id
from tests.support.adapters import adapter_bytes

TODAY = datetime.now(UTC).date()


def weights(name: str) -> str:
    return bytes_id(adapter_bytes(name))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err
