"""A project: its file, what that binds, and where it keeps what it makes."""
