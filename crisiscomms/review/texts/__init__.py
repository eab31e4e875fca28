"""Texts that somebody wrote by hand: read from Markdown, plain text, HTML, Word and mails, with the place of every word."""

from crisiscomms.review.texts.read import SUFFIXES, read_text
from crisiscomms.review.texts.written import Written

__all__ = ["SUFFIXES", "Written", "read_text"]
