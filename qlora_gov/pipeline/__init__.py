"""The steps in order. Only here and in releases is anything appended to the ledger."""
