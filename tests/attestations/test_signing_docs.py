"""The commands of docs/signing.md, run as they stand there."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.attestations import PASSPHRASE_VARIABLE, sign, verify_envelope
from qlora_gov.errors import UsageError
from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "signing.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(("commands", "name"), list(zip(COMMANDS, ["release", "release-p256"], strict=True)))
def test_the_keys_of_the_guide_sign(commands: str, name: str, tmp_path: Path, statement: dict[str, Any]) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    environment = {**os.environ, PASSPHRASE_VARIABLE: "correct horse"}
    subprocess.run(["/bin/sh", "-eu"], input=commands, cwd=tmp_path, env=environment, text=True, check=True)
    secret, public = tmp_path / f"{name}.pem", tmp_path / f"{name}.pub.pem"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert b"ENCRYPTED" in secret.read_bytes()
    assert verify_envelope(sign(statement, secret, "correct horse"), public) == statement
    with pytest.raises(UsageError, match="passphrase is wrong"):
        sign(statement, secret, "battery staple")


def test_the_guide_names_every_part_of_a_statement(statement: dict[str, Any]) -> None:
    for part in statement["predicate"]:
        assert f"`predicate.{part}`" in GUIDE
    assert PASSPHRASE_VARIABLE in GUIDE
