"""Why a line of a plan is as it is, in words."""

from datetime import timedelta

FROZEN = "not out yet; it goes on as it was published"
OTHERWISE = "{who} told other figures of their own than the list has now. Say so in an update, or put the list right"
LEFT = "{who} told the wrong figure and left the lists that it goes to. Put them back on one, or write to them"
OUT_OF_DATE = '"{update}" was planned before "{over}" said that it is over. If it is not, write it as a new update'
TO_NOBODY = "it names no audience with a list, so nobody gets it. Add its audiences"
PASSED_OVER = '{who} get only the mail of "{newer}", which is newer: what this one says has to stand in it'


def people(count: int) -> str:
    """Return so many readers as a subject, with its verb."""
    return "1 reader was" if count == 1 else f"{count:,} readers were"


def elsewhere(count: int) -> str:
    """Say that so many people of a list get the mail of another one."""
    if count == 1:
        return "1 person of it stands on a list that comes first, and gets only that mail"
    return f"{count:,} people of it stand on a list that comes first, and get only that mail"


def age(span: timedelta) -> str:
    """Return how old something is, to the hour or the day."""
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    minutes = int(span.total_seconds() // 60)
    return f"{hours} hours" if hours >= 2 else f"{minutes} minutes"
