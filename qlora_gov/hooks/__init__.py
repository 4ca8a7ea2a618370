"""Finding plugins, checking what they contribute, and freezing it into a catalog."""
