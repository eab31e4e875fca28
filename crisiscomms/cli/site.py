"""`crisiscomms site`: the releases of the site, an earlier one again, and whether readers get all of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Json, Now, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.channels.website import WebsiteChannel
    from crisiscomms.delivery.world import Room
    from crisiscomms.website.deploy import Kept

sites = typer.Typer(
    help="The site as readers see it: its releases, one of them again, and whether all of it is there.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(sites, name="site")

Only = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Where there are several websites: which.")]


@sites.command(name="list")
@guarded
def list_(channel: Only = None, folder: Folder = None, rehearsal: Rehearsal = False, json: Json = False) -> int:
    """List the releases of the site. The one shown last comes first, then the earlier ones that are kept.

    Example: crisiscomms site list
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import say, show_json

    room = open_room(folder, rehearsal=rehearsal)
    site = _site(room, channel)
    kept = site.target(room.secrets_of(site.name)).kept()
    if json:
        show_json("site-list", channel=site.name, releases=[_plain(one) for one in kept])
        return 0
    for one in kept:
        say(f"{one.name}  {_said(one.at)}{'  readers see this one' if one.stands else ''}")
    if not kept:
        say("Nothing was published yet.")
    return 0


@sites.command()
@guarded
def verify(channel: Only = None, folder: Folder = None, rehearsal: Rehearsal = False, json: Json = False) -> int:
    """Read the site back as readers do. Says which addresses are not what was published. Exit 6 if any.

    Example: crisiscomms site verify
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, show_json, tell
    from crisiscomms.errors import CrisiscommsError
    from crisiscomms.website.deploy import standing

    room = open_room(folder, rehearsal=rehearsal)
    site = _site(room, channel)
    target = site.target(room.secrets_of(site.name))
    manifest = standing(target)
    if manifest is None:
        raise CrisiscommsError(
            f"there is no site of ours at {site.place}",
            why="Readers find nothing.",
            fix=f"Put it up again: crisiscomms site put{' --rehearsal' if room.rehearsal else ''}",
        )
    left = site.differing(target, manifest.files, None)
    where = site.read_from or site.place
    if json:
        told = [{"path": one.name, "shows": one.shows} for one in left]
        show_json(
            "site-verify",
            channel=site.name,
            at=where,
            release=manifest.digest,
            addresses=len(manifest.files),
            differing=told,
        )
        return 6 if left else 0
    for one in left:
        tell(f"{one.name} {one.shows}", "red")
    held = f"{count(len(manifest.files), 'address', 'addresses')} of release {manifest.digest[:16]} read at {where}"
    tell(f"{held}: {len(left)} not as published." if left else f"{held}, all as published.")
    return 6 if left else 0


@sites.command()
@guarded
def rollback(
    to: Annotated[
        str | None, typer.Option("--to", metavar="RELEASE", help="Which release. Default: the one before this one.")
    ] = None,
    channel: Only = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Show readers an earlier release of the site again. What was mailed or posted stays where it is.

    Example: crisiscomms site rollback --to 3f0c2d91
    """
    from crisiscomms.cli.room import existing_ledger, open_room
    from crisiscomms.cli.words import done
    from crisiscomms.delivery.world import publishing
    from crisiscomms.website.deploy import find

    room = open_room(folder, rehearsal=rehearsal)
    site = _site(room, channel)
    with publishing(room):
        ledger = existing_ledger(room)
        target = site.target(room.secrets_of(site.name))
        kept = target.kept()
        stood = next((one for one in kept if one.stands), None)
        chosen = find(kept, to)
        if not chosen.stands:
            target.roll_back(chosen)
            ledger.rolled_back(site.name, chosen.digest, stood.digest if stood else "")
    back = f"crisiscomms site rollback --to {stood.name}" if stood and stood != chosen else ""
    words = [f"Readers see release {chosen.name} again: all pages and feeds as they were at {_said(chosen.at)}."]
    words += [
        "The record and what was mailed or posted are unchanged. The next publish that changes a page puts the newest site back."
    ]
    words += [f"To put it back now: {back}"] if back else []
    if chosen.stands:
        words = [f"Readers see release {chosen.name} already. Nothing was changed."]
    done(
        "site-rollback",
        words,
        as_json=json,
        channel=site.name,
        release=_plain(chosen),
        instead_of=stood and stood.digest,
    )
    return 0


@sites.command()
@guarded
def put(
    channel: Only = None, folder: Folder = None, rehearsal: Rehearsal = False, now: Now = None, json: Json = False
) -> int:
    """Put the site up again from what is published.

    For a new look or place, or where it was damaged. Nobody is mailed, and nothing is posted.

    Example: crisiscomms site put
    """
    from crisiscomms.cli.progress import Bar
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import done
    from crisiscomms.delivery.anchors import refuse_older
    from crisiscomms.delivery.sites import put_site
    from crisiscomms.delivery.world import publishing

    room = open_room(folder, rehearsal=rehearsal, now=now, sends=True)
    site = _site(room, channel)
    with publishing(room), Bar(room, quiet=json) as bar:
        refuse_older(room)
        receipt = put_site(room, site.name, {}, room.clock(), bar.tell, bar.pages)
        bar.stop()
    words = ["The site is up, as it was published. Nobody was mailed, and nothing was posted."]
    done("site-put", words, as_json=json, channel=site.name, release=receipt.id)
    return 0


def _site(room: "Room", named: str | None) -> "WebsiteChannel":
    """Return the website that is meant. Raises UsageError where that is not clear."""
    from crisiscomms.channels.website import WebsiteChannel
    from crisiscomms.errors import UsageError

    found = {name: one for name, one in room.channels.items() if isinstance(one, WebsiteChannel)}
    chosen = found.get(named) if named else next(iter(found.values())) if len(found) == 1 else None
    if chosen is None:
        known = ", ".join(found) or "none"
        raise UsageError(
            f'"{named}" is no website here' if named else f"there are {len(found)} websites here",
            fix=f"Name one with --channel. Known: {known}.",
        )
    return chosen


def _said(at: str) -> str:
    """Return when readers began to see a release, in UTC. A place may not know."""
    from datetime import UTC, datetime

    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "at an unknown time"


def _plain(one: "Kept") -> dict[str, Any]:
    return {"release": one.digest, "at": one.at, "readers_see_it": one.stands}
