"""DKIM: a signature over a mail's headers and body, so that receivers know it is ours and nobody changed it.

RFC 6376 with RSA, RFC 8463 with Ed25519. Headers are signed in their relaxed form, which survives relays that fold them
anew; bodies as they are, since neither of their encodings has white space that a relay would touch. The same mail has the same signature: it holds no time and nothing random.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

from crisiscomms.channels.mail import MailSettings
from crisiscomms.errors import CrisiscommsError

#: What is signed, as far as a mail has it. Those of `_ONCE` are named once more than they are there, so that nobody can
#: add a second one.
_SIGNED = (
    *(b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
    *(b"auto-submitted", b"feedback-id"),
)
_ONCE = (b"from", b"subject")
_FOLD_AT = 76
_SPACES = re.compile(rb"[ \t]+")
_WHY = "Mails would go out unsigned, and many mailboxes would refuse them or call them spam."
_FIX = 'Make one with "openssl genrsa -out secrets/CHANNEL.dkim 2048", and publish its public half in the DNS.'


class Signer:
    """Signs mails for a domain. `selector` names the public key in the DNS, `key` is the private one in PEM.

    RSA and Ed25519 keys are told apart by the key itself. Raises CrisiscommsError, which never repeats the key, where
    it cannot be used or the extra `dkim` is not installed.
    """

    def __init__(self, domain: str, selector: str, key: str) -> None:
        self._algorithm, self._sign = _read_key(key)
        self._domain, self._selector = domain, selector
        self._last = (b"", _hash(b"\r\n"))

    def sign(self, payload: bytes) -> bytes:
        """Return the header that belongs before a mail, with its line end."""
        head, _, body = payload.partition(b"\r\n\r\n")
        names, lines = zip(*map(_relaxed, _unfolded(head).split(b"\r\n")), strict=True)
        order, named = _order(names)
        start = _tags(self._algorithm, self._domain, self._selector, named)
        tags = f"{start}{self._body_hash(body)};\r\n b="
        own = f"dkim-signature:{tags}".replace("\r\n ", " ").encode()
        signature = base64.b64encode(self._sign(b"\r\n".join((*[lines[at] for at in order], own)))).decode()
        folded = "\r\n ".join(signature[at : at + _FOLD_AT - 4] for at in range(0, len(signature), _FOLD_AT - 4))
        return f"DKIM-Signature: {tags}{folded}\r\n".encode()

    def _body_hash(self, body: bytes) -> str:
        """Return the hash of a body. Mails of a notice without slots share theirs, so the last one is kept."""
        last, made = self._last
        if last != body:
            made = _hash(_simple_body(body))
            self._last = (body, made)
        return made


def signer(settings: MailSettings, secret: Callable[[str], str]) -> Signer | None:
    """Return what signs a channel's mails, or None where its settings name no key. Raises what `secret` and Signer raise."""
    if not settings.dkim_selector:
        return None
    return Signer(settings.dkim_domain or settings.domain, settings.dkim_selector, secret("dkim"))


def _read_key(pem: str) -> tuple[str, Callable[[bytes], bytes]]:
    """Return the algorithm of a private key, and what signs with it."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 -- an extra that only signers need
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa  # noqa: PLC0415
        from nacl import bindings as sodium  # noqa: PLC0415
    except ImportError:
        fix = 'Install it: pip install "crisiscomms[dkim]"'
        raise CrisiscommsError("signing mails with DKIM needs an extra package", why=_WHY, fix=fix) from None
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What they say may quote the key.
        problem = "the DKIM key is not a private key in PEM, or is locked with a password"
        raise CrisiscommsError(problem, why=_WHY, fix=_FIX) from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        _, own = sodium.crypto_sign_seed_keypair(key.private_bytes_raw())
        most = sodium.crypto_sign_BYTES
        # In half of the time that the other library takes, which counts where a million readers wait.
        return "ed25519-sha256", lambda data: sodium.crypto_sign(hashlib.sha256(data).digest(), own)[:most]
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CrisiscommsError("the DKIM key is neither RSA nor Ed25519", why=_WHY, fix=_FIX)
    if key.key_size < 2048:
        problem = f"the DKIM key has {key.key_size} bits, and receivers ask for 2048"
        raise CrisiscommsError(problem, why=_WHY, fix=_FIX)
    return "rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _hash(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@lru_cache(maxsize=64)
def _tags(algorithm: str, domain: str, selector: str, names: str) -> str:
    """Return the signature header's value up to the hash of the body, folded."""
    lines = [f"v=1; a={algorithm}; c=relaxed/simple;", f"d={domain};", f"s={selector};"]
    first, *others = names.split()
    line = f"h={first}"
    for name in others:
        if len(line) + len(name) + 3 > _FOLD_AT:
            lines.append(f"{line}:")
            line = name
        else:
            line += f":{name}"
    return "\r\n ".join((*lines, f"{line};", "bh="))


@lru_cache(maxsize=64)
def _order(names: tuple[bytes, ...]) -> tuple[tuple[int, ...], str]:
    """Return which of a head's lines are signed, in their order, and their names. All mails of a notice share both."""
    order: list[int] = []
    signed: list[bytes] = []
    for name in _SIGNED:
        found = [at for at, own in enumerate(names) if own == name]
        order += reversed(found)  # Of several headers of one name, the lowest is signed first.
        signed += [name] * (len(found) + (name in _ONCE))
    return tuple(order), b" ".join(signed).decode()


def _unfolded(head: bytes) -> bytes:
    """Return a head with each header on one line, and one space wherever it has some."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    return _SPACES.sub(b" ", unfolded) if b"\t" in unfolded or b"  " in unfolded else unfolded


@lru_cache(maxsize=64)
def _relaxed(line: bytes) -> tuple[bytes, bytes]:
    """Return a header's name in small letters, and all of it as `name:value` in the relaxed form. Mails share most."""
    written, _, value = line.partition(b":")
    name = written.lower().rstrip(b" ")
    return name, name + b":" + value.strip(b" ")


def _simple_body(body: bytes) -> bytes:
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    return body if body.endswith(b"\r\n") else body + b"\r\n"
