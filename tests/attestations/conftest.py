"""A card with its context, an adapter's files, and keys of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from qlora_gov.attestations import statement_of
from qlora_gov.canonical import content_id
from qlora_gov.records import Card
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.context.card import CardContext
from tests.reports.conftest import complete
from tests.reports.samples import ABOUT

KINDS: dict[str, Callable[[], Any]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
}


def carded(**different: Any) -> tuple[CardContext, Card]:
    context = card_context(complete(**different))
    card = Card(
        decision=context.decision.id,
        about=ABOUT.id,
        head=context.provenance.head.hash,
        templates={},
        files={"card.md": content_id("markdown"), "card.html": content_id("html")},
    )
    return context, card


def write_keys(directory: Path, name: str, private: Any, passphrase: bytes | None = None) -> tuple[Path, Path]:
    """The paths of a private and a public key in PEM."""
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    secret, public = directory / f"{name}.pem", directory / f"{name}.pub.pem"
    secret.write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, locked))
    public.write_bytes(private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return secret, public


@pytest.fixture
def statement() -> dict[str, Any]:
    return statement_of(*carded())


@pytest.fixture(params=list(KINDS))
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    return write_keys(tmp_path, "release", KINDS[request.param]())


@pytest.fixture
def adapter_directory(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Writes an adapter's files."""

    def write(files: dict[str, bytes]) -> Path:
        directory = tmp_path / "adapter"
        for name, content in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        return directory

    return write
