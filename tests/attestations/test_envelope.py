import base64
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from qlora_gov.attestations import sign, verify_envelope
from qlora_gov.canonical import canonical_json
from qlora_gov.errors import GovError, IntegrityError, MissingExtraError, UsageError
from tests.attestations.conftest import KINDS, write_keys

Keys = tuple[Path, Path]


def test_what_was_signed_is_verified(statement: dict[str, Any], keys: Keys) -> None:
    assert verify_envelope(sign(statement, keys[0]), keys[1]) == statement


def test_an_envelope_is_dsse(statement: dict[str, Any], keys: Keys) -> None:
    envelope = json.loads(sign(statement, keys[0]))
    assert envelope.keys() == {"payload", "payloadType", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert base64.b64decode(envelope["payload"], validate=True) == canonical_json(statement)
    assert [signature.keys() for signature in envelope["signatures"]] == [{"keyid", "sig"}]


def test_openssl_verifies_the_signature_too(statement: dict[str, Any], keys: Keys, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    envelope = json.loads(sign(statement, keys[0]))
    payload, kind = canonical_json(statement), b"application/vnd.in-toto+json"
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md: the bytes that are signed
    (tmp_path / "pae").write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload))
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    command = [
        openssl,
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        str(keys[1]),
        "-rawin",
        "-in",
        "pae",
        "-sigfile",
        "sig",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done


def test_ed25519_gives_the_same_bytes(statement: dict[str, Any], tmp_path: Path) -> None:
    secret, _ = write_keys(tmp_path, "release", KINDS["ed25519"]())
    assert sign(statement, secret) == sign(statement, secret)


def refusal(envelope: bytes, public: Path) -> str:
    with pytest.raises(IntegrityError) as refused:
        verify_envelope(envelope, public)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_every_edit_of_one_character_is_refused(statement: dict[str, Any], keys: Keys) -> None:
    envelope = sign(statement, keys[0]).rstrip()
    signatures = envelope.index(b'"signatures"')
    for position in (*range(0, signatures, 11), *range(signatures - 90, len(envelope))):
        for other in b"A9" if envelope[position : position + 1] not in b"A9" else b"Bz":
            edited = envelope[:position] + bytes([other]) + envelope[position + 1 :]
            refusal(edited, keys[1])


def test_a_character_more_or_less_is_refused(statement: dict[str, Any], keys: Keys) -> None:
    envelope = sign(statement, keys[0]).rstrip()
    for position in range(0, len(envelope), 23):
        refusal(envelope[:position] + envelope[position + 1 :], keys[1])
        refusal(envelope[:position] + b"A" + envelope[position:], keys[1])


def changed(envelope: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    form = json.loads(envelope)
    change(form)
    return json.dumps(form).encode()


def test_another_spelling_of_the_same_base64_is_refused(statement: dict[str, Any], tmp_path: Path) -> None:
    secret, public = write_keys(tmp_path, "release", KINDS["ed25519"]())
    envelope = sign(statement, secret)
    sig = json.loads(envelope)["signatures"][0]["sig"]
    twin = next(
        text
        for text in (sig[:-3] + letter + "==" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        if text != sig and base64.b64decode(text) == base64.b64decode(sig)
    )
    assert "base64" in refusal(changed(envelope, lambda form: form["signatures"][0].update(sig=twin)), public)


@pytest.mark.parametrize("signed", list(KINDS))
@pytest.mark.parametrize("asked", list(KINDS))
def test_another_key_is_refused(statement: dict[str, Any], tmp_path: Path, signed: str, asked: str) -> None:
    secret, _ = write_keys(tmp_path, "one", KINDS[signed]())
    _, other = write_keys(tmp_path, "two", KINDS[asked]())
    envelope = sign(statement, secret)
    assert f"not by {other}" in refusal(envelope, other)
    keyid = json.loads(sign(statement, tmp_path / "two.pem"))["signatures"][0]["keyid"]
    renamed = changed(envelope, lambda form: form["signatures"][0].update(keyid=keyid))
    assert "does not fit the payload" in refusal(renamed, other)


def test_of_two_signatures_each_is_verified(statement: dict[str, Any], tmp_path: Path) -> None:
    pairs = [write_keys(tmp_path, kind, make()) for kind, make in KINDS.items()]
    first, second = (json.loads(sign(statement, secret)) for secret, _ in pairs)
    both = {**first, "signatures": [*first["signatures"], *second["signatures"]]}
    for _, public in pairs:
        assert verify_envelope(json.dumps(both, indent=2).encode(), public) == statement


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda form: form.update(signatures=[]), "signed by nobody"),
        (lambda form: form.pop("signatures"), "'signatures': Field required"),
        (lambda form: form["signatures"][0].pop("sig"), "'signatures.0.sig': Field required"),
        (lambda form: form["signatures"][0].update(sig=""), "does not fit the payload"),
        (lambda form: form["signatures"].append(form["signatures"][0]), "Multiple signatures"),
        (lambda form: form.update(payload="{}"), "not an envelope"),
        (lambda form: form.update(payload=None), "'payload': Input should be a valid string"),
        (lambda form: form.update(payloadType="application/json"), "payloadType"),
        (lambda form: form.update({"a\n\x1b[31m": 1}), r"'a\n\x1b[31m': Extra inputs"),
        (lambda form: form["signatures"][0].update(keyid="a\n\x1b[31m"), r"signed by 'a\n\x1b[31m', not by"),
    ],
)
def test_what_is_missing_or_edited_is_named(
    statement: dict[str, Any], keys: Keys, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    assert message in refusal(changed(sign(statement, keys[0]), change), keys[1])


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_envelope_is_refused(keys: Keys, data: bytes) -> None:
    assert "not an envelope of a statement" in refusal(data, keys[1])


def test_what_is_signed_must_be_a_statement(keys: Keys) -> None:
    assert "not an in-toto statement" in refusal(sign({"approved": True}, keys[0]), keys[1])


def test_a_passphrase_opens_its_key(statement: dict[str, Any], tmp_path: Path) -> None:
    for kind, make in KINDS.items():
        secret, public = write_keys(tmp_path, kind, make(), b"correct horse")
        assert verify_envelope(sign(statement, secret, "correct horse"), public) == statement
        with pytest.raises(UsageError, match="or the passphrase is wrong"):
            sign(statement, secret, "battery staple")
        for none in (None, ""):
            with pytest.raises(UsageError, match="encrypted; set QLORA_GOV_KEY_PASSPHRASE"):
                sign(statement, secret, none)


def test_a_passphrase_that_no_key_has_is_refused(statement: dict[str, Any], keys: Keys) -> None:
    with pytest.raises(UsageError, match="not encrypted, but a passphrase is given"):
        sign(statement, keys[0], "correct horse")


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        x25519.X25519PrivateKey.generate,
    ],
)
def test_a_key_of_another_kind_is_refused(statement: dict[str, Any], tmp_path: Path, make: Callable[[], Any]) -> None:
    secret, public = write_keys(tmp_path, "other", make())
    for use in (lambda: sign(statement, secret), lambda: verify_envelope(b"{}", public)):
        with pytest.raises(UsageError, match="must be Ed25519 or ECDSA on P-256"):
            use()


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_that_holds_no_key_is_refused(statement: dict[str, Any], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    for use in (lambda: sign(statement, path), lambda: verify_envelope(b"{}", path)):
        with pytest.raises(UsageError, match="in PEM can be read"):
            use()


def test_keys_that_are_not_there_or_changed_over(statement: dict[str, Any], keys: Keys, tmp_path: Path) -> None:
    secret, public = keys
    for path in (tmp_path / "gone.pem", tmp_path):
        for use in (lambda path=path: sign(statement, path), lambda path=path: verify_envelope(b"{}", path)):
            with pytest.raises(UsageError, match="the key cannot be read"):
                use()
    with pytest.raises(UsageError, match="this is a private key"):
        verify_envelope(b"{}", secret)
    with pytest.raises(UsageError, match="no private key in PEM"):
        sign(statement, public)


def test_no_key_and_no_passphrase_is_written_or_said(statement: dict[str, Any], tmp_path: Path) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    secret, public = write_keys(tmp_path, "release", private, b"correct horse")
    seed = private.private_bytes_raw()
    envelope = sign(statement, secret, "correct horse")
    for spelt in (seed, seed.hex().encode(), base64.b64encode(seed), b"correct horse"):
        assert spelt not in envelope
    with pytest.raises(GovError) as refused:
        sign(statement, public, "correct horse")
    assert "correct horse" not in str(refused.value)


def test_the_extra_is_named_where_its_library_is_missing(
    statement: dict[str, Any], keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for use in (lambda: sign(statement, keys[0]), lambda: verify_envelope(b"{}", keys[1])):
        with pytest.raises(MissingExtraError, match=r'pip install "qlora-gov\[sign\]"'):
            use()
