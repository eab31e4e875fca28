"""Nothing leaks: twenty things that no reader may see, planted wherever they could come from."""

from __future__ import annotations

import pytest
from example_room import FINAL, copy_example, publish, source_of

from crisiscomms.messages.templates import packaged
from crisiscomms.website.deploy import FolderTarget

SECRETS = ("email.password", "email.dkim", "x.api_key", "x.access_secret", "website.token", "ledger.password")
#: The example's words, and what is put in their place or beside them, by file below the workspace.
PLANTED = [
    ("incidents/checkout-outage.yaml", "For the team only.", "For the team only. {}"),
    ("incidents/checkout-outage.yaml", "source: payments ledger,", "source: {}, payments ledger,"),
    (
        "incidents/checkout-outage.yaml",
        "en: The full review of the outage is on",
        "en: {}. The full review of the outage is on",
    ),
    (
        "incidents/checkout-outage.yaml",
        "do_now:\n  - audience: merchants\n    text:\n      en: You",
        "do_now:\n  - audience: merchants\n    private: true\n    text:\n      en: {}. You",
    ),
    ("incidents/customer-data-breach.yaml", "\nupdates:", "\nnotes: {}\n\nupdates:"),
    ("incidents/kettle-recall.yaml", "\nupdates:", "\nnotes: {}\n\nupdates:"),
    ("lists/merchants.csv", "shop1@laden.example", "{}@laden.example"),
    ("lists/merchants.csv", "Ayşe Demir", "Ayşe {}"),
    ("lists/customers.csv", "customer0@mail.example", "{}@mail.example"),
    ("lists/buyers.csv", "buyer0@mail.example", "{}@mail.example"),
    ("lists/staff.csv", "support@northwind.example", "{}@northwind.example"),
]


def canary(number):
    """Return a word that stands nowhere else, without a digit that review would ask about."""
    return f"quokka{chr(ord('a') + number)}zorilla"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The three examples, published one after the other with everything planted. Returns the workspace and the canaries."""
    folder = copy_example(tmp_path_factory.mktemp("canaries") / "northwind")
    planted = {}

    def plant(what):
        planted[what] = canary(len(planted))
        return planted[what]

    for file, old, new in PLANTED:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new.format(plant(f"{file}: {old[:30]}"))), encoding="utf-8")
    (folder / "secrets").mkdir()
    for name in SECRETS:
        (folder / "secrets" / name).write_text(plant(f"secrets/{name}"))
    draft = (
        source_of("kettle-recall")
        .replace("id: kettle-recall", "id: draft")
        .replace("Fjord K2 kettle", f"kettle {plant('a draft')}")
    )
    (folder / "incidents/draft.yaml").write_text(draft, encoding="utf-8")
    (folder / "templates/en").mkdir(parents=True)
    memo = (packaged("templates") / "en/memo.md.j2").read_text(encoding="utf-8") + f"\n{plant('the memo')}\n"
    (folder / "templates/en/memo.md.j2").write_text(memo)

    for incident, now in FINAL.items():
        publish(folder, incident, now)
        if incident == "kettle-recall":  # somebody goes on writing in a record while others are published
            path = folder / "incidents/kettle-recall.yaml"
            text = path.read_text(encoding="utf-8")
            title = "Its handle can come off."
            assert title in text
            path.write_text(text.replace(title, f"{title} {plant('an unfinished edit')}"), encoding="utf-8")
    return folder, planted


def test_none_of_them_is_in_any_public_file(played):
    folder, planted = played
    assert len(planted) == 20
    public = folder / "rehearsal/public"
    shelf = FolderTarget(public).shelf.folder
    files = [
        path for root in (public, shelf, folder / "rehearsal/server") for path in root.rglob("*") if path.is_file()
    ]
    kinds = {path.suffix for path in files}
    assert {".html", ".md", ".atom", ".xml", ".json", ".txt", ".css", ".svg"} <= kinds
    bodies = {path: path.read_bytes().lower() + str(path).lower().encode() for path in files}
    found = [
        (what, path.name) for what, word in planted.items() for path, body in bodies.items() if word.encode() in body
    ]
    assert found == []
    key = (folder / "secrets/unsubscribe.key").read_bytes().strip()
    assert not [path for path, body in bodies.items() if key in body]


def test_the_planted_words_do_reach_those_for_whom_they_are(played):
    """The search would find them: what is for staff and for readers by mail is in their files."""
    folder, planted = played
    memos = b"".join(
        path.read_bytes() for path in (folder / "rehearsal").rglob("*") if "memo" in str(path) and path.is_file()
    )
    assert planted["the memo"].encode() in memos
    mails = list((folder / "rehearsal/email").rglob("*.eml"))
    text = b"".join(path.read_bytes().replace(b"=\r\n", b"") for path in mails)
    private = next(word for what, word in planted.items() if "do_now" in what)
    assert private.encode() in text
    for what, word in planted.items():
        if what.startswith("lists/") and "@" in what and "staff" not in what:
            assert any(word in path.name for path in mails), what
