"""The model card: from records to one typed context, and from that to each of its files."""
