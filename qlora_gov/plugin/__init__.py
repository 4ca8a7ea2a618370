"""What a plugin meets: specs and hooks, and how plugins are found, checked, bound and measured with."""
