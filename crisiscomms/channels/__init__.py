"""The channels room: how each place is spoken to. One file per kind, behind one Protocol."""
