"""The card as a bill of materials."""
