"""Texts that somebody wrote by hand: read from Markdown, plain text, HTML, Word and mails, with the place of every word.

`read` reads a file, and `written` is what was read: review knows it without knowing how mails and Word are taken apart.
"""
