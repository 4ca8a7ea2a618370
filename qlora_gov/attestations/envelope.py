"""DSSE envelopes: a statement's bytes with signatures over them, made and checked with keys in PEM files.

The cryptography is securesystemslib's (https://github.com/secure-systems-lab/dsse describes the form). Keys are read
where they are used and nowhere kept: what is written or printed is the name of a public key, never a key.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qlora_gov.attestations.statement import parsed_statement
from qlora_gov.canonical import canonical_json
from qlora_gov.errors import IntegrityError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # its exports are not named

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PASSPHRASE_VARIABLE = "QLORA_GOV_KEY_PASSPHRASE"  # noqa: S105 - its name
"""The environment variable that holds the passphrase of an encrypted private key."""

_SCHEMES = ("ed25519", "ecdsa-sha2-nistp256")


def sign(statement: Mapping[str, Any], private_key: Path, passphrase: str | None = None) -> bytes:
    """The envelope of a statement, as a file's bytes. With an Ed25519 key the same statement gives the same bytes.

    Raises:
        UsageError: the key cannot be read, is of another kind, or the passphrase is not its own.
        MissingExtraError: securesystemslib is not installed.
    """
    _require_library()
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # as above

    private = _private_key(private_key, passphrase)
    signer = CryptoSigner(private, _named(private.public_key(), private_key))
    envelope = Envelope(canonical_json(statement), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return canonical_json(envelope.to_dict()) + b"\n"


def verify_envelope(data: bytes, public_key: Path) -> dict[str, Any]:
    """The statement that an envelope holds, once its signature by this key is verified.

    Raises:
        IntegrityError: this is no envelope, the key did not sign it, or payload or signature were edited.
        UsageError: the key cannot be read or is of another kind.
        MissingExtraError: securesystemslib is not installed.
    """
    _require_library()
    from securesystemslib.exceptions import UnverifiedSignatureError

    key = _named(_public_key(public_key), public_key)
    envelope = _envelope(data)
    if key.keyid not in envelope.signatures:
        signers = ", ".join(repr(keyid[:12]) for keyid in envelope.signatures) or "nobody"
        raise IntegrityError(f"the envelope is signed by {signers}, not by {public_key} ({key.keyid[:12]!r})")
    try:
        key.verify_signature(envelope.signatures[key.keyid], envelope.pae())
    except UnverifiedSignatureError as error:
        message = f"the signature by {public_key} does not fit the payload: one of them is not as it was signed"
        raise IntegrityError(message) from error
    return parsed_statement(envelope.payload)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _SignatureForm(_Form):
    keyid: str
    sig: str


class _EnvelopeForm(_Form):
    payload: str
    payload_type: Literal["application/vnd.in-toto+json"] = Field(alias="payloadType")
    signatures: list[_SignatureForm]


def _envelope(data: bytes) -> Envelope:
    from securesystemslib.dsse import Envelope

    try:
        form = _EnvelopeForm.model_validate_json(data)
        envelope = Envelope.from_dict(form.model_dump(by_alias=True))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise IntegrityError(f"not an envelope of a statement: {where!r}: {first['msg']}") from error
    except ValueError as error:
        raise IntegrityError(f"not an envelope of a statement: {error}") from error
    # Base64 has spellings that decode alike; only one of them is what was signed and stored.
    if envelope.to_dict() != form.model_dump(by_alias=True):
        raise IntegrityError("the envelope's base64 is not as it was written")
    return envelope


def _private_key(path: Path, passphrase: str | None) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(_read(path), passphrase.encode() if passphrase else None)
    except TypeError as error:  # a passphrase is given or missing where the other is right
        what = "not encrypted, but a passphrase is given" if passphrase else f"encrypted; set {PASSPHRASE_VARIABLE}"
        raise UsageError(f"{path}: the key is {what}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        what = "no private key in PEM can be read" + (", or the passphrase is wrong" if passphrase else "")
        raise UsageError(f"{path}: {what}") from error


def _public_key(path: Path) -> PublicKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _read(path)
    if b"PRIVATE KEY" in content:
        raise UsageError(f"{path}: this is a private key; a signature is checked with the public one")
    try:
        return load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path}: no public key in PEM can be read") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the key cannot be read: {path}: {error.strerror}") from error


def _named(key: PublicKeyTypes, path: Path) -> SSlibKey:
    """A public key under its key id, the digest of the key itself."""
    from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # its exports are not named

    try:
        named = SSlibKey.from_crypto(key)
    except ValueError as error:
        raise UsageError(f"{path}: {_WRONG_KIND}") from error
    if named.scheme not in _SCHEMES:
        raise UsageError(f"{path}: {_WRONG_KIND}, not {named.scheme}")
    return named


_WRONG_KIND = "a key must be Ed25519 or ECDSA on P-256"


def _require_library() -> None:
    if importlib.util.find_spec("securesystemslib") is None or importlib.util.find_spec("cryptography") is None:
        raise MissingExtraError(
            'signatures need securesystemslib[crypto], not installed; run: pip install "qlora-gov[sign]"'
        )
