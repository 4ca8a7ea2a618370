"""The ledger: what was made, from what, and the rows behind every number; append-only and hash-chained."""

from qlora_gov.ledger.append import Seen
from qlora_gov.ledger.columns import scores
from qlora_gov.ledger.entry import Entry
from qlora_gov.ledger.ledger import Ledger
from qlora_gov.ledger.parquet import export, read_parquet, write_parquet
from qlora_gov.ledger.problems import Problem, ProblemKind
from qlora_gov.ledger.remote import SCHEME
from qlora_gov.ledger.share import serving
from qlora_gov.ledger.verify import readable_entries, verify_ledger, verify_lineage

__all__ = [
    "SCHEME",
    "Entry",
    "Ledger",
    "Problem",
    "ProblemKind",
    "Seen",
    "export",
    "read_parquet",
    "readable_entries",
    "scores",
    "serving",
    "verify_ledger",
    "verify_lineage",
    "write_parquet",
]
