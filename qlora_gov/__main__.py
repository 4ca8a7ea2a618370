"""``python -m qlora_gov`` is ``qlora-gov``."""

from qlora_gov.cli.main import start

start()
