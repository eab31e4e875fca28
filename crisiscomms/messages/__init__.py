"""The messages room: what we say, and how each language says it."""
