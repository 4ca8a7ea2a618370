"""The changelog: what each release changed, and each dataset version."""
