"""A decision in the forms that machines read."""
