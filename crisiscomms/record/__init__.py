"""The record room: what happened, read from one file, typed, and with the place of every word."""

from crisiscomms.record.citations import TIMES
from crisiscomms.record.load import Record, load_record, parse_record
from crisiscomms.record.model import CLOSED, EVERYONE, STATUSES, Incident, Status, Update, is_open
from crisiscomms.record.own import Handwritten
from crisiscomms.record.recipients import Recipient, Recipients

__all__ = [
    "CLOSED",
    "EVERYONE",
    "STATUSES",
    "TIMES",
    "Handwritten",
    "Incident",
    "Recipient",
    "Recipients",
    "Record",
    "Status",
    "Update",
    "is_open",
    "load_record",
    "parse_record",
]
