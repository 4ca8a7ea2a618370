"""Dataset versions: against each other, and described to those who have nothing but their files."""
