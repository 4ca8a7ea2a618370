"""Nothing yet."""
from qlora_gov import hookimpl

@hookimpl
def qlora_gov_sources() -> list:
    return []
