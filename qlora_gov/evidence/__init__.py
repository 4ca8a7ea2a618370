"""Reading the ledger by noun: evaluations, policies, decisions, adapters, imports, aliases, cards."""
