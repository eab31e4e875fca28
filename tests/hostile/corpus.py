"""Hostile words of our own: at least 300 of each kind, the same each time, made from a seed.

Each kind combines what attacks are built from: elements, attributes, addresses, ways to write them so that a filter
misses them, and places to break out of. `ACTIVE` is what a browser that was taken in would do: ask `EVIL` for something,
or open a dialog that says `MARK`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice

MARK = "owned-by-a-text"
EVIL = "evil.invalid"
COUNT = 300

_SCRIPT = f"alert('{MARK}')"
_REMOTE = f"https://{EVIL}/x"
_ELEMENTS = [
    "script",
    "img",
    "svg",
    "iframe",
    "object",
    "embed",
    "video",
    "audio",
    "body",
    "input",
    "math",
    "a",
    "form",
    "link",
    "meta",
    "style",
    "base",
    "details",
    "marquee",
]
_EVENTS = [
    "onload",
    "onerror",
    "onclick",
    "onmouseover",
    "onfocus",
    "ontoggle",
    "onbegin",
    "onstart",
    "onpointerenter",
    "onanimationend",
]
_SCHEMES = (
    "javascript:",
    "JaVaScRiPt:",
    "java\tscript:",
    "java\nscript:",
    " javascript:",
    "vbscript:",
    "data:text/html,",
    "&#106;avascript:",
    "javascript&colon;",
    "\x01javascript:",
    "//",
    "https:\\\\",
    "file:///",
    "feed:javascript:",
    "blob:",
)
_BREAKS = (
    "",
    '">',
    "'>",
    "`>",
    "-->",
    "]]>",
    "</title>",
    "</textarea>",
    "</script>",
    "</style>",
    "*/",
    "</p>",
    "\n\n",
    "</small><br><strong>",
    "--- \n",
    "}}",
    "%}",
    ")",
    "](",
    "\u0000",
)
_CASE: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    lambda s: "".join(c.upper() if n % 2 else c for n, c in enumerate(s)),
)


def kinds() -> dict[str, list[str]]:
    """Return every kind by its name, each with its words."""
    found = {}
    for name, make in _KINDS.items():
        words = make(random.Random(name))
        found[name] = list(islice(dict.fromkeys(islice(words, COUNT * 40)), COUNT))
    return found


def _endless(make: Callable[[random.Random], str]) -> Callable[[random.Random], Iterator[str]]:
    def words(dice: random.Random) -> Iterator[str]:
        while True:
            yield make(dice)

    return words


def _markup(dice: random.Random) -> str:
    name = dice.choice(_CASE)(dice.choice(_ELEMENTS))
    event, gap = dice.choice(_CASE)(dice.choice(_EVENTS)), dice.choice((" ", "/", "\n", "\t", "\x0c", " / "))
    quote = dice.choice(('"', "'", "", "`"))
    source = dice.choice(
        ("src", "href", "data", "xlink:href", "poster", "action", "formaction", "srcset", "background")
    )
    inside = dice.choice(
        (
            f"{event}={quote}{_SCRIPT}{quote}",
            f"{source}={quote}{_REMOTE}{quote}",
            f"{source}=x {event}={_SCRIPT}",
            f"style={quote}background:url({_REMOTE}){quote}",
        )
    )
    end = dice.choice((">", "/>", "", f">{_SCRIPT}</{name}>", f"><!--{_SCRIPT}-->"))
    return f"{dice.choice(_BREAKS)}<{name}{gap}{inside}{end} words {dice.randrange(10**6)}"


def _link(dice: random.Random) -> str:
    scheme, words = dice.choice(_SCHEMES), f"here {dice.randrange(10**6)}"
    target = f"{scheme}{dice.choice((_SCRIPT, EVIL, f'{EVIL}/x', f'//{EVIL}'))}"
    shapes = (
        f"[{words}]({target})",
        f'[{words}]({target} "title")',
        f"[{words}](<{target}>)",
        f"![{words}]({target})",
        f"![{words}]({_REMOTE}.png)",
        f"[{words}][r]\n\n[r]: {target}",
        f"<{target}>",
        f'<a href="{target}">{words}</a>',
        f"<a href={target}>{words}</a>",
        f"[![x]({_REMOTE})]({target}) {words}",
        f"[{words}](https://good.example@{EVIL}/)",
        f"https://good.example@{EVIL}/{dice.randrange(10**6)}",
        f"[{words}](https://good.example/\u202e{EVIL})",
        f'[{words}]({target}){{: onclick="{_SCRIPT}" }}',
        f"[{words}](https://good.example/)\n{{: style=background:url({_REMOTE}) }}",
    )
    return dice.choice(shapes)


def _header(dice: random.Random) -> str:
    end = dice.choice(
        ("\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "%0d%0a", "\\r\\n", "=0D=0A", "\r\n\t")
    )
    field = dice.choice(("Bcc", "Cc", "Subject", "To", "Content-Type", "From", "X-Evil", "Reply-To"))
    coded = dice.choice((True, False))
    words = f"Hello {dice.randrange(10**6)}{end}{field}: evil@{EVIL}{end}{end}<script>{_SCRIPT}</script>"
    return f"=?utf-8?{dice.choice('qQbB')}?{words}?=" if coded else words


def _address(dice: random.Random) -> str:
    number = dice.randrange(10**6)
    return dice.choice(
        (
            f'"a{number}\rb"@{EVIL}',
            f"a{number}@b>\r\nRCPT TO:<x@{EVIL}>",
            f"a{number}@b.example\nBcc: x@{EVIL}",
            f"<a{number}@b.example>, x@{EVIL}",
            f"a{number}@b.example;x@{EVIL}",
            f"a{number}@b.example\0@{EVIL}",
            f"\u202ea{number}@b.example",
            f"a{number}@\u0430b.example",
            f"=cmd|' /C calc'!A{number}",
            f"@SUM(A{number})",
            f"-2+3+cmd{number}",
            f"'{number}'@{EVIL}<script>{_SCRIPT}</script>",
        )
    )


def _smuggled(dice: random.Random) -> str:
    dot = dice.choice(("\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r", "\r\n.\n", "\r\n..\r\n", "\0\r\n.\r\n"))
    return f"Words {dice.randrange(10**6)}{dot}MAIL FROM:<x@{EVIL}>{dot}DATA{dot}<script>{_SCRIPT}</script>"


def _yaml(dice: random.Random) -> str:
    number = dice.randrange(10**6)
    return dice.choice(
        (
            f"!!python/object/apply:os.system ['echo {number}']",
            f"&a{number} [*a{number}]",
            f"no\n{number}: yes",
            "[" * dice.randrange(50, 400) + str(number),
            "{" * dice.randrange(50, 400) + str(number),
            f"|\n  words {number}\n---\nid: other",
            f'"\nid: other{number}\n"',
            f"'{number}\nhistory: null",
            f"# {number}\nupdates: []",
            f"<<: *x{number}",
            f"? {number}\n: words",
            f"{'9' * dice.randrange(100, 5000)}",
            f"12:30:{number}\n%YAML 9.9",
            f"\ufeff{number}: \x07",
        )
    )


def _bidi(dice: random.Random) -> str:
    control = dice.choice(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\u00ad\u034f\u115f\u3164\U000e0041\U000e007f\ud83d\ue000\ue003\ue005\uf8ff\ufdd0\uffff"
    )
    coded = f"&#{ord(control)};" if dice.random() < 0.3 else control
    return f"The {coded}service{dice.choice(('', coded))} of b\u0430nk {dice.randrange(10**6)} {coded}<b>stopped</b>"


def _template(dice: random.Random) -> str:
    number = dice.randrange(10**6)
    return dice.choice(
        (
            f"{{{{ {number} * 7 }}}}",
            f"{{{{ ''.__class__.__mro__[1].__subclasses__()[{number}] }}}}",
            f"{{% for x in range({number}) %}}x{{% endfor %}}",
            f"<# {number} #>",
            f"{{{{ 'a' * 10 ** {number % 9} }}}}",
            f"${{{number}}} $title $page $promises.x.due",
            f"$recipient.email $name{number} $$ $",
            f"%({number})s %n {{0}} {{0.__class__}}",
            f"{{{{< track {number} >}}}} {{{{% raw %}}}}",
            f"{{: #id{number} .c onclick=x }}",
            f"## {number} {{#updates}}",
            f"{{{{ cycler.__init__.__globals__.os.popen('echo {number}').read() }}}}",
        )
    )


def _path(dice: random.Random) -> str:
    up = dice.choice(("../", "..\\", "%2e%2e/", "....//", "/", "\\\\host\\", "C:\\", "~/", "./"))
    return (
        up * dice.randrange(1, 6)
        + dice.choice(("etc/passwd", "con", "nul", ".git/config", "index.html", "feed.atom", "a\0.html"))
        + str(dice.randrange(10**6))
    )


def _table(dice: random.Random) -> str:
    start = dice.choice(("=", "+", "-", "@", "\t=", "\r=", "\n=", "|", '"='))
    return f'{start}HYPERLINK("https://{EVIL}/{dice.randrange(10**6)}","x"){dice.choice((",", ";", chr(10), chr(13), chr(0), chr(34)))}<script>{_SCRIPT}</script>'


def _regex(dice: random.Random) -> str:
    number = dice.randrange(10**6)
    piece = dice.choice(
        (
            "a",
            "*",
            "_",
            "[",
            "](",
            "`",
            "<",
            "&",
            "**a ",
            "> ",
            "- ",
            "1. ",
            "| ",
            "![",
            "<!--",
            "\\",
            "{",
            "=",
            "<p><small>",
        )
    )
    return f"{piece * dice.randrange(200, 1500)}{number}"


def _feed(dice: random.Random) -> str:
    inner = _markup(dice)
    return dice.choice(
        (
            f"<![CDATA[{inner}]]>",
            f"&lt;{inner[1:]}",
            f"&amp;lt;script&amp;gt;{_SCRIPT}",
            f"<xhtml:script>{_SCRIPT}</xhtml:script>{dice.randrange(10**6)}",
            f"<?xml-stylesheet href='{_REMOTE}'?>{inner}",
            f"<!DOCTYPE x SYSTEM '{_REMOTE}'>{inner}",
            f"&xxe{dice.randrange(10**6)};{inner}",
        )
    )


def _secret(dice: random.Random) -> str:
    return f"{dice.choice(('file://', 'http://169.254.169.254/', 'http://127.0.0.1:1/', 'http://[::1]/', 'gopher://', 'env:'))}secrets/ledger.password?{dice.randrange(10**6)} [x](http://10.0.0.1/{EVIL})"


_KINDS: dict[str, Callable[[random.Random], Iterator[str]]] = {
    name: _endless(make)
    for name, make in {
        "markup": _markup,
        "links": _link,
        "headers": _header,
        "addresses": _address,
        "smuggling": _smuggled,
        "yaml": _yaml,
        "bidi and hidden": _bidi,
        "feeds": _feed,
        "inner addresses": _secret,
        "templates": _template,
        "paths": _path,
        "tables": _table,
        "slow patterns": _regex,
    }.items()
}
