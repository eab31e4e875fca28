"""The ledger room: what was planned, sent, refused or left in doubt, and the audit trail of every change."""

from crisiscomms.ledger.ledger import Ledger, Row
from crisiscomms.ledger.states import State

__all__ = ["Ledger", "Row", "State"]
