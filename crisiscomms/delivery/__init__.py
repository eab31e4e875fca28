"""The delivery room: carrying a plan out, once, and knowing afterwards what happened."""
