"""Bases, adapters and what they say: the only part of the core that knows torch."""
