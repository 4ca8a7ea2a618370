"""What the tests of releases share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qlora_gov.canonical import bytes_id

TODAY = datetime.now(UTC).date()


def weights(name: str) -> str:
    return bytes_id(f"the weights of {name}".encode())


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err
