"""Dataset versions against each other."""
