"""Curate: rows of sources pass through steps, in batches, and what is left is frozen."""
