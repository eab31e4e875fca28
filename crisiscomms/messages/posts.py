"""Posts: one for each account, fitted to its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from crisiscomms.limits import Limit
from crisiscomms.messages.corrections import told_last
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.fitting import Part, fit
from crisiscomms.messages.model import Post
from crisiscomms.messages.prose import one_line, plain_times, sentences, to_text
from crisiscomms.messages.teller import Said
from crisiscomms.messages.told import Told
from crisiscomms.messages.writer import Writer
from crisiscomms.record import Update

#: How a post is made shorter, step by step: `times` in the fewest words; an apology of few words, `apart` from what the team
#: wrote before it; only the `first` thing to do, which matters most; the `shortest` thing to do.
_BRIEF, _APART = frozenset({"times"}), frozenset({"times", "apart"})
#: Where people were hurt, the first thing to do stays: a post that is still too long is for its team to shorten.
_SAFELY_SHORTER = (frozenset[str](), _BRIEF, _APART, _APART | {"first"})
_SHORTER = (*_SAFELY_SHORTER, _APART | {"shortest"})


class Account(NamedTuple):
    """An account that posts go to: its channel's name, its language, its limit."""

    channel: str
    language: str
    limit: Limit


class Posts(Writer):
    """Writes posts."""

    def __init__(self, facts: Facts, accounts: tuple[Account, ...]) -> None:
        super().__init__(facts)
        self.accounts = accounts

    def posts(self) -> Iterator[Post]:
        """Yield for each account the post of the newest public update that is to be told."""
        update = next((one for one in self.facts.to_tell() if not one.private), None)
        if update is None:
            return
        for account in self.accounts:
            language = self.words_language(account.language)
            told = Told(self.facts, language, None, update)
            yield Post(
                self.incident.id,
                update.id,
                account.channel,
                language,
                "post",
                self._fitted(told, update, account),
                told.links.update,
            )

    def _fitted(self, told: Told, update: Update, account: Account) -> str:
        """Return the fullest post that fits, as `_SHORTER` says.

        What the team wrote by hand stays as it is, whether it fits or not.
        """
        own = self.own_words("post", told.language, update, account.channel)
        if own:
            words = to_text(own).strip()
            return words if told.links.update in words else f"{words}\n{told.links.update}"
        post = ""
        for shorter in _SHORTER if told.harm != "confirmed" else _SAFELY_SHORTER:
            post = fit(self._parts(told, update, shorter), told.links.update, account.limit)
            if account.limit.fits(post):
                break
        return post

    def _parts(self, told: Told, update: Update, shorter: frozenset[str]) -> list[Part]:
        say, voice = told.word, self.facts.voices[told.language]
        brief = "times" in shorter
        text = one_line(self.facts.cite(update.short or update.text, told.language, update, brief=brief))
        spoken = sentences(text)
        sorry = [n for n, sentence in enumerate(spoken, 1) if voice.apologises(sentence)]
        if "apart" in shorter and sorry and sorry[0] > 1:
            text, sorry = " ".join(s for s in spoken if not voice.apologises(s)), []
        # Where people may be hurt, nothing stands before what they have to know and to do.
        urgent = told.harm != "none"
        lead = text if urgent else say("post.lead").format(status=told.status_word, text=text)
        parts = [Part(lead, max([1, *sorry]))]
        if told.ours and not sorry and (voice.apologises(" ".join(spoken)) or self.facts.resolved or told.cause):
            parts.append(Part(say("post.sorry"), 1))
        to_do = sentences(one_line(" ".join(told.do_now)))
        chosen = (
            [min(to_do, key=len, default="")] if "shortest" in shorter else to_do[:1] if "first" in shorter else to_do
        )
        parts.append(Part(" ".join(chosen), 1))
        if urgent:
            parts.append(Part(say("post.status").format(status=told.status_word), 1))
        if told.coming:  # a post is read for days: a time that has passed already would never be put right in it
            time = voice.brief(told.coming, update.at.at) if brief else voice.by_clock(told.coming, update.at.at)
            form = "post.next" if "T" in time.split("\ue001", maxsplit=1)[0] else "post.next_day"
            parts.append(Part(say(form).format(time=plain_times(time)), 9))
        return parts

    def correcting_posts(self) -> Iterator[Post]:
        """Yield a correction on each account that posted a figure that has changed since."""
        told = told_last(self.facts, None)
        for account in self.accounts:
            language = self.words_language(account.language)
            known = Told(self.facts, language)
            changed, update = known.new_corrections, told.get(account.channel)
            if changed and update:
                say = self.facts.voices[language].word
                link = self.facts.addresses.update(language, known.corrected_update or update)
                text = _correcting(changed, say, say("post.corrected"))
                if not account.limit.fits(f"{text}\n{link}"):
                    text = _correcting(changed, say, "")
                yield Post(
                    self.incident.id,
                    update,
                    account.channel,
                    language,
                    "correction",
                    f"{text}\n{link}",
                    link,
                )


def _correcting(changed: Iterable[Said], say: Callable[[str], str], in_context: str) -> str:
    """Return corrections in a row, and the apology for all of them at their end."""
    return " ".join([*(_corrected(one, in_context, say("post.correction")) for one in changed), say("post.error")])


def _corrected(correction: Said, in_context: str, bare: str) -> str:
    """Return a correction for a post: in the sentence in which its figure stands, where that is known and wanted."""
    form = in_context if in_context and correction.sentence else bare
    said = {"before": correction.before, "after": correction.after, "sentence": correction.sentence}
    return one_line(form.format(**said))
