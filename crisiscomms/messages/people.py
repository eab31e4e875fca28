"""Who speaks, who answers, and to whom."""

from __future__ import annotations

from functools import cached_property

from crisiscomms.messages.prose import Md, slot
from crisiscomms.messages.teller import Said, Teller

#: A signature stands in so many characters at the end of a letter.
_CLOSING = 300


class People(Teller):
    """The people in a message: those who speak, those who answer, and the reader."""

    @cached_property
    def org(self) -> Said:
        """The organisation: `name`, `short`, `url`."""
        org = self._facts.workspace.settings.organisation
        return Said({"name": org.name, "short": org.short_name or org.name, "url": org.url})

    @cached_property
    def contact(self) -> Said:
        """Where help is: `email`, `phone`, `hours`, `replies_within`. The incident's own, else the organisation's."""
        contact = self._incident.contact or self._facts.workspace.settings.organisation.contact
        hours, within = self._md(contact.hours), self._md(contact.replies_within)
        return Said({"email": contact.email, "phone": contact.phone, "hours": hours, "replies_within": within})

    @cached_property
    def press(self) -> Said | None:
        """Who speaks to journalists: `name`, `email`, `phone`."""
        press = self._facts.workspace.settings.organisation.press
        return Said({"name": press.name, "email": press.email, "phone": press.phone}) if press else None

    @cached_property
    def signed(self) -> Said | None:
        """Who signs: `name`, `role`."""
        by = self._incident.signed_by
        return Said({"name": by.name, "role": self._md(by.role)}) if by else None

    @property
    def signs(self) -> bool:
        """Say whether the team's own text in place of this message ends with the name of the one who signs."""
        return self.own is not None and self.signed is not None and self.signed.name in self.own[-_CLOSING:]

    @cached_property
    def officer(self) -> Said | None:
        """Who answers for data protection: `name`, `email`."""
        officers = [rule.data_protection_officer for rule in self._incident.regulation if rule.applies]
        found = next((officer for officer in officers if officer), None)
        return Said({"name": found.name, "email": found.email}) if found else None

    @cached_property
    def feedback(self) -> Said | None:
        """How readers answer us: `question`, `channel`, `read_by`, `closes`. None once it is closed."""
        feedback = self._incident.feedback
        if not feedback or self._is_over(feedback.closes):
            return None
        question, closes = self._md(feedback.question), self._when(feedback.closes)
        parts = {"question": question, "channel": feedback.channel, "read_by": feedback.read_by, "closes": closes}
        return Said(parts)

    @property
    def greeting(self) -> Md:
        """How the reader is greeted: filled in for each."""
        return Md(slot("reader.greeting"))

    @cached_property
    def audience_name(self) -> Md | None:
        """The name of the list that the reader is on."""
        found = self._facts.workspace.audiences(self._incident.audiences).get(self._audience or "")
        return self._md(found.name) if found else None
