"""The plan room: what would go where, shown before it goes."""
