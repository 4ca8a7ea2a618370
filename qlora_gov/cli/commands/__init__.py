"""The commands: each verb in the file of its name."""
