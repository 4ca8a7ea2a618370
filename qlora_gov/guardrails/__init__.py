"""Guardrails: one detector, used to filter training rows, to redact texts and to measure answers."""
