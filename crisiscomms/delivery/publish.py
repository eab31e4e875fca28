"""Publishing: an unfinished publication first, then exactly the plan that was shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crisiscomms.channels.base import Receipt
from crisiscomms.channels.registry import keep_unsubscribe_key
from crisiscomms.channels.website import WebsiteChannel
from crisiscomms.delivery.drain import Drain
from crisiscomms.delivery.outside import boot_id
from crisiscomms.delivery.tally import Tally
from crisiscomms.delivery.world import Room
from crisiscomms.errors import CrisiscommsError, NotApproved
from crisiscomms.fields import When
from crisiscomms.ledger import Row, State
from crisiscomms.messages.model import Memo, canonical, digest, site_content
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.messages.templates import overrides, packaged
from crisiscomms.plan.build import Choices, build_plan
from crisiscomms.plan.model import Action, IncidentPlan, Plan
from crisiscomms.record import Record
from crisiscomms.website import build_site
from crisiscomms.website.content import stamped

Progress = Callable[[Row, State], None]


@dataclass
class Publishing:
    """Carries out plans in one room. For the holder of the publishing lock."""

    room: Room
    progress: Progress = lambda _row, _state: None
    drain: Drain = field(init=False)

    def __post_init__(self) -> None:
        room = self.room
        keep_unsubscribe_key(room.workspace)
        self.drain = Drain(room.ledger, room.channels, room.secret, self._standing, self.progress)

    def finish_unfinished(self) -> Tally | None:
        """Finish what an earlier run left, from its frozen items. None where nothing was left."""
        ledger = self.room.ledger
        ledger.recover(boot_id())
        found = self.drain.read_back(ledger.rows(State.DOUBT))
        if not found and not ledger.open_publications():
            return None
        tally = self._run()
        tally.sent += found
        return tally

    def plan(self, records: list[Record], choices: Choices) -> Plan:
        """Plan against the ledger as it is now."""
        return build_plan(self.room.world(records), records, choices)

    def carry_out(self, plan: Plan) -> Tally:
        """Freeze a plan, then send it. Raises NotApproved where others must approve it first."""
        self._ask_approval(plan)
        for one in plan.incidents:
            if one.composed and (one.changes or one.drop):
                self._freeze(plan, one)
        return self._run()

    def _run(self) -> Tally:
        """Send what all open publications have left, and finish those that have nothing left."""
        ledger = self.room.ledger
        left = [publication.id for publication in ledger.open_publications()]
        tally = self.drain.run(left)
        for publication in left:
            ledger.finish(publication)
        return tally

    def _ask_approval(self, plan: Plan) -> None:
        if self.room.rehearsal:
            return
        for one in plan.incidents:
            severity = one.record.incident.severity
            needed = getattr(self.room.workspace.settings.approval, severity)
            if needed and any(item.leaves for item in one.changes):
                raise NotApproved(
                    f"{one.id} is {severity}: {needed} other {'person' if needed == 1 else 'people'} must approve plan {plan.fingerprint} before it leaves this machine",
                    why="Nothing was sent.",
                    fix="Approving is not built yet. Until then, rehearse it with --rehearsal, or set [approval] in crisiscomms.toml.",
                )

    def _freeze(self, plan: Plan, one: IncidentPlan) -> int:
        """Write one incident's plan into the ledger, with the time of publication where a correction waits for it."""
        assert one.composed is not None  # noqa: S101 -- a plan with changes has messages
        ledger, now = self.room.ledger, self.room.clock()
        bodies = dict(one.bodies)
        renamed = self._stamped(bodies, now)
        rows: list[dict[str, Any]] = []
        for item in one.changes:
            for row in item.rows:
                message = row["message"]
                if row["kind"] in {"site", "memo"}:
                    named = {
                        language: renamed.get(found, found) for language, found in json.loads(bodies[message]).items()
                    }
                    message = digest(canonical(named))
                    bodies[message] = canonical(named)
                rows.append({**row, "message": message})
        said_at = next(iter(self.room.voices.values())).iso(When(now))
        telling = one.composed.telling.dated(
            said_at, dispatched=any(item.action is Action.CORRECT for item in one.items)
        )
        return ledger.freeze(one.id, plan.fingerprint, telling.to_json(), bodies, rows, one.drop)

    def _stamped(self, bodies: dict[str, bytes], now: datetime) -> dict[str, str]:
        """Fill in the time of publication where it was left open. Returns old digests to new ones."""
        renamed = {}
        for old, body in list(bodies.items()):
            text = body.decode()
            if PUBLISHED_AT not in text:
                continue
            plain = json.loads(text)
            voice = self.room.voices.get(
                plain.get("words_language") or plain["language"], next(iter(self.room.voices.values()))
            )
            content: Any = site_content(body) if "pages" in plain else Memo(**plain)  # both are filled alike
            new = canonical(stamped(content, {content.incident: now}, voice))
            renamed[old] = digest(new)
            bodies[digest(new)] = new
        return renamed

    # -- what stands -------------------------------------------------------------------------------------------

    def _standing(self, row: Row) -> tuple[Receipt, dict[tuple[str, str], str]]:
        digests: dict[str, str] = json.loads(self.room.ledger.blob(row.message))
        stands = {(row.kind, language): found for language, found in digests.items()}
        return (self._site(row, digests) if row.kind == "site" else self._memo(digests)), stands

    def _site(self, row: Row, digests: dict[str, str]) -> Receipt:
        """Build the whole site: this incident as it is published now, every other as it was published last."""
        room = self.room
        current = {
            **room.ledger.standing("site"),
            **{(row.incident, language): found for language, found in digests.items()},
        }
        contents = [site_content(room.ledger.blob(found)) for _, found in sorted(current.items())]
        contents = [content for content in contents if content.language in room.voices]
        files = build_site(
            room.workspace,
            contents,
            room.voices,
            layouts=packaged("site"),
            overrides=overrides(room.workspace, "site"),
            rehearsal=room.rehearsal,
        )
        channel = room.channels.get(row.channel)
        if not isinstance(channel, WebsiteChannel):
            raise CrisiscommsError(
                f'the website "{row.channel}" is no longer in the workspace', fix="Put it back, then publish again"
            )
        return channel.publish(files)

    def _memo(self, digests: dict[str, str]) -> Receipt:
        """Write the memo as files for staff: text, Markdown and a page."""
        folder = self.room.home / self.room.workspace.settings.memos
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for language, found in digests.items():
            memo = json.loads(self.room.ledger.blob(found))
            for suffix, body in (("md", memo["markdown"]), ("txt", memo["text"]), ("html", _page(memo))):
                name = f"{memo['incident']}.{language}.{suffix}"
                _write(folder / name, body)
                names.append(name)
        return Receipt(", ".join(names))


def _page(memo: dict[str, str]) -> str:
    from html import escape  # noqa: PLC0415

    head = f'<!DOCTYPE html>\n<html lang="{memo["language"]}"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>{escape(memo["title"])}</title></head>'
    return f"{head}<body>\n{memo['html']}\n</body></html>\n"


def _write(path: Path, body: str) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(body, encoding="utf-8")
    draft.replace(path)
