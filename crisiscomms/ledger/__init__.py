"""The ledger room: what was planned, sent, refused or left in doubt, and the audit trail of every change."""

from crisiscomms.ledger.ledger import Ledger
from crisiscomms.ledger.rows import Row, Stage
from crisiscomms.ledger.states import State

__all__ = ["Ledger", "Row", "Stage", "State"]
