"""Synthesise: rows that a model makes from others, each answer asked for once, and labelled rows made of it."""
