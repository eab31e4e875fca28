"""Files that no one should have to read: made when a test asks for them, with the findings that each must meet."""

from pathlib import Path

GOOD = """\
id: {name}
title: Trams are late
kind: delay
severity: minor
harm: none
times:
  noticed: 2026-12-03 09:10
responsibility:
  level: ours
cause:
  state: unknown
updates:
  - id: late
    at: 2026-12-03 09:40
    status: investigating
    text: Trams are late.
"""
LAST = GOOD.count("\n")


def good(name, more=""):
    return (GOOD.format(name=name) + more).encode()


def _laughs(name):
    """A thousand million words in twelve lines, for a reader that follows aliases."""
    levels = [f"laugh{n}: &laugh{n} [{', '.join([f'*laugh{n - 1}'] * 9)}]" for n in range(1, 10)]
    return good(name, "\n".join(["laugh0: &laugh0 ha", *levels]) + "\n")


def _text(name, words):
    return good(name, f'lessons:\n  - "{words}"\n')


LAUGHED = [("yaml-feature", line) for line in range(LAST + 1, LAST + 11)] + [
    ("yaml-feature", line) for line in range(LAST + 2, LAST + 11) for _ in range(9)
]
#: Name, bytes, and the codes and lines of all findings. A line of 0 is the file as a whole.
MONSTERS = {
    "empty": (b"", [("unreadable", 1)]),
    "blank-lines": (b"\n\n   \n", [("unreadable", 1)]),
    "only-a-mark": (b"\xef\xbb\xbf", [("unreadable", 1)]),
    "only-dashes": (b"---\n", [("unreadable", 1)]),
    "only-an-end": (b"...\n", [("yaml", 1)]),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", [("unreadable", 1)]),
    "null-bytes": (b"\0" * 1000, [("unreadable", 1)]),
    "one-null-byte": (good("one-null-byte").replace(b"are late.", b"are\0late."), [("unprintable", LAST)]),
    "utf-16": (GOOD.format(name="utf-16").encode("utf-16"), [("unreadable", 1)]),
    "utf-16-unmarked": (GOOD.format(name="utf-16-unmarked").encode("utf-16-le"), [("unreadable", 1)]),
    "latin-1": (
        GOOD.format(name="latin-1").replace("are late.", "są późno, für").encode("latin-1", "replace"),
        [("unreadable", LAST)],
    ),
    "half-a-letter": (good("half-a-letter")[:-1] + "ä".encode()[:1], [("unreadable", LAST)]),
    "two-megabytes": (good("two-megabytes", f"notes: {'a' * 2_000_000}\n"), [("unreadable", 0)]),
    "deep-brackets": (good("deep-brackets", f"notes: {'[' * 40_000}{']' * 40_000}\n"), [("unreadable", LAST + 1)]),
    "deep-braces": (good("deep-braces", f"notes: {'{a: ' * 40_000}{'}' * 40_000}\n"), [("unreadable", LAST + 1)]),
    "deep-and-never-closed": (good("deep-and-never-closed", "notes: " + "[" * 40_000), [("unreadable", LAST + 1)]),
    "deep-dashes": (good("deep-dashes", f"notes:\n  {'- ' * 40_000}x\n"), [("unreadable", LAST + 2)]),
    "deep-names": (
        good("deep-names", "notes:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 1300))),
        [("unreadable", LAST + 21)],
    ),
    "deep-from-the-start": (b"[" * 40_000, [("unreadable", 1), ("unreadable", 1)]),
    "deep-questions": (b"? " * 40_000, [("unreadable", 1), *[("yaml-feature", 1)] * 19]),
    "too-many-values": (good("too-many-values", "lessons:\n" + "  - a\n" * 30_000), [("unreadable", LAST + 9_966)]),
    "billion-laughs": (
        _laughs("billion-laughs"),
        LAUGHED + [("unknown-key", line) for line in range(LAST + 1, LAST + 11)],
    ),
    "contains-itself": (
        good("contains-itself", "notes: &me [*me]\n"),
        [("yaml-feature", LAST + 1), ("yaml-feature", LAST + 1), ("wrong-type", LAST + 1)],
    ),
    "five-thousand-digits": (
        good("five-thousand-digits", f"facts:\n  payments:\n    value: {'9' * 5000}\n    unit: payments\n"),
        [("bad-number", LAST + 3)],
    ),
    "endless-name": (good("endless-name", f"{'a' * 1000}: b\n"), [("unknown-key", LAST + 1)]),
    "endless-zone": (good("endless-zone").replace(b"09:10", b"09:10 " + b"A" * 5000), [("unknown-zone", 7)]),
    "endless-path": (
        good("endless-path", f"audiences:\n  riders:\n    name: Riders\n    recipients: {'a' * 5000}\n"),
        [("missing-file", LAST + 4)],
    ),
    "endless-reference": (
        _text("endless-reference", f"[x][{'a' * 9000}]\\n\\n[{'a' * 9000}]: //evil.example"),
        [("unsafe-link", LAST + 2)],
    ),
    "endless-link": (
        _text("endless-link", f"[x](<//evil.example/{'a' * 9000}>)"),
        [("html", LAST + 2), ("unsafe-link", LAST + 2)],
    ),
    "nul": (good("nul"), [("bad-name", 1)]),
    "no-names": (
        good("no-names").replace(b"id: no-names", b'"": no-names'),
        [("missing-field", 1), ("unknown-key", 1)],
    ),
    "second-mark": (
        b"\xef\xbb\xbf" + good("second-mark").replace(b"Trams are late\n", b"\xef\xbb\xbfTrams\n"),
        [("hidden-characters", 2)],
    ),
    "newer-yaml": (b"%YAML 2.0\n---\n" + good("newer-yaml"), [("yaml", 1)]),
}
#: Half a megabyte of what makes a careless pattern look at the rest of the file again and again.
TIRING = {
    "tags": "<a" * 200_000,
    "half-links": "](" * 200_000,
    "links": "](https://a.example)" * 20_000,
    "brackets": "[" * 450_000,
    "references": "\\n[a" * 100_000,
    "references-closed": "\\n[a]:" * 50_000,
    "lines": "a" + "\\n" * 200_000 + "b",
    "spaces": "](" + " " * 450_000,
    "addresses": "<a:" * 150_000,
    "users": "https://a" * 45_000,
    "at-signs": "https://" + "a@" * 200_000,
    "dollars": "$a " * 150_000,
    "promises": "$promises.a" * 40_000,
    "citations-of-nothing": "$" * 450_000,
    "entities": "&#x202e;" * 50_000,
    "letters": "ä" * 225_000,
    "stars": "*" * 450_000,
    "overrides": "\u202e" * 150_000,
    "headers": "=?" * 225_000,
    "digits": "1" * 450_000,
}


def tiring(name):
    return _text(f"tiring-{name}", TIRING[name])


def write(workspace, name, raw):
    """Write a record and return its name."""
    Path(workspace.folder, "incidents", f"{name}.yaml").write_bytes(raw)
    return name
