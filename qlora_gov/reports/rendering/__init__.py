"""How values become text, and templates become files."""
