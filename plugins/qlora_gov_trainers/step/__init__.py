"""A training step, made fast: rows without padding, frozen layers that keep nothing, and memory that is planned."""
