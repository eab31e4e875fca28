from __future__ import annotations

import base64
import random
import re
import sys
import traceback
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import ValidationError

from crisiscomms.channels.base import Letter
from crisiscomms.channels.dkim import Signer, signer
from crisiscomms.channels.form import build_mail
from crisiscomms.channels.mail import MailSettings
from crisiscomms.errors import CrisiscommsError
from crisiscomms.messages.model import Notice
from crisiscomms.messages.prose import slot

SETTINGS = MailSettings(
    sender="Händler, Söhne & Co <incident@mail.northwind.example>",
    reply_to="help@northwind.example",
    list_id="incidents.northwind.example",
    unsubscribe="https://northwind.example/unsubscribe/{token}",
)
WORDS = "We failed to take your payments on Wednesday, and you lost sales by it. That is our fault.\n\n"
NOTICE = Notice(
    incident="checkout-down",
    update="resolved",
    audience="merchants",
    language="en",
    kind="notice",
    subject="We failed to take your payments on Wednesday, and here is what we will do about it now",
    html=f"<p>Dear {slot('name')},</p>\n<p>{WORDS * 9}</p>",
    text=f"Dear {slot('name')},\n\n{WORDS * 9}",
)
LETTER = Letter(
    NOTICE,
    "ana@shop.example",
    "Ana López",
    {"name": "Ana  López "},
    datetime(2026, 11, 18, 10, 12, tzinfo=UTC),
    thread="<checkout-down.cause.0.abc@northwind.example>",
)
MAIL = build_mail(SETTINGS, LETTER, key=b"0123456789abcdef").payload
KEYS = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
either = pytest.mark.parametrize("kind", KEYS)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def signed(kind, mail=MAIL):
    return Signer("northwind.example", "mail2026", pem(KEYS[kind])).sign(mail) + mail


def verifies(kind, mail):
    """Say whether another implementation finds the mail's signature good, with our key in the DNS."""
    form = (
        (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        if kind == "ed25519"
        else (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    public = base64.b64encode(KEYS[kind].public_key().public_bytes(*form))
    dns = {b"mail2026._domainkey.northwind.example.": b"v=DKIM1; k=%b; p=%b" % (kind.encode(), public)}
    try:
        return dkim.verify(mail, dnsfunc=lambda name, timeout=5: dns.get(name))
    except dkim.MessageFormatError:
        return False


def refolded(mail):
    """Return a mail as a relay may hand it on: more headers on top, other line breaks and spaces in those below."""
    head, _, body = mail.partition(b"\r\n\r\n")
    head = re.sub(rb"\r\n[ \t]+", b"  ", head)
    head = head.replace(b"; ", b";\r\n\t").replace(b"Subject: ", b"subject:\r\n ").replace(b"To: ", b"TO:  ", 1)
    received = b"Received: from us by relay.example;\r\n Wed, 18 Nov 2026 10:12:01 +0000\r\n"
    return received + received + head + b"\r\n\r\n" + body + b"\r\n\r\n"


@either
def test_another_implementation_finds_the_signature_good(kind):
    assert verifies(kind, signed(kind))


@either
def test_the_signature_survives_a_relay_that_folds_anew(kind):
    assert verifies(kind, refolded(signed(kind)))


@either
@pytest.mark.parametrize(
    "mail",
    [
        b"From: a@northwind.example\r\n\r\n",
        b"From: a@northwind.example\r\n\r\n\r\n\r\n",
        b"From: a@northwind.example\r\n\r\n  two  spaces\tand a tab \r\n \r\nno line end",
        b"From: a@northwind.example\r\nTo: b@shop.example\r\nTo: c@shop.example\r\nSubject: \r\n\r\nwords\r\n\r\n",
    ],
    ids=["no body", "empty body", "white space", "two of one header"],
)
def test_mails_of_any_shape_can_be_signed(kind, mail):
    assert verifies(kind, signed(kind, mail))


@either
def test_the_same_mail_has_the_same_signature(kind):
    one = Signer("northwind.example", "mail2026", pem(KEYS[kind]))
    other = MAIL.replace(b"payments", b"payment_")
    headers = [one.sign(mail) for mail in (MAIL, other, MAIL)]

    assert headers[0] == headers[2] == signed(kind)[: len(headers[0])]
    assert verifies(kind, headers[1] + other)


@either
def test_the_signatures_lines_are_short_and_ascii(kind):
    header = signed(kind).removesuffix(MAIL)

    assert header.startswith(b"DKIM-Signature: v=1; ")
    assert header.endswith(b"\r\n")
    assert header.isascii()
    assert all(len(line) < 78 for line in header.split(b"\r\n"))
    assert b"\n" not in header.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "header",
    [
        *(b"From", b"To", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References"),
        *(b"MIME-Version", b"Content-Type", b"List-Id", b"List-Unsubscribe", b"List-Unsubscribe-Post"),
        *(b"Auto-Submitted", b"Feedback-ID"),
    ],
)
def test_no_header_can_be_changed_or_taken_away(header):
    mail = signed("ed25519")
    line = re.search(rb"(?m)^%b: (?:.*\r\n)(?:[ \t].*\r\n)*" % header, mail)

    assert line
    assert not verifies("ed25519", mail.replace(line[0], line[0].replace(b": ", b": x")))
    assert not verifies("ed25519", mail.replace(line[0], b""))


@pytest.mark.parametrize("header", [b"From: evil@else.example\r\n", b"Subject: Pay here\r\n"])
def test_no_second_sender_or_subject_can_be_added(header):
    mail = signed("ed25519")

    assert not verifies("ed25519", header + mail)
    assert not verifies("ed25519", mail.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n", 1))


def test_a_subject_cannot_be_added_where_there_was_none():
    mail = signed("ed25519", b"From: a@northwind.example\r\n\r\nwords\r\n")

    assert verifies("ed25519", mail)
    assert not verifies("ed25519", b"Subject: Pay here\r\n" + mail)


def test_no_change_of_a_single_byte_goes_unseen():
    mail, start = signed("ed25519"), len(signed("ed25519")) - len(MAIL)
    dice = random.Random(20261118)
    places = [at for at in range(start, len(mail)) if mail[at : at + 1].strip()]
    for at in dice.choices(places, k=1000):
        was = mail[at : at + 1]
        # In the relaxed form a header's name reads the same in capitals.
        others = [n for n in range(0x21, 0x7F) if bytes([n]).lower() != was.lower()]
        changed = mail[:at] + bytes([dice.choice(others)]) + mail[at + 1 :]
        assert not verifies("ed25519", changed), changed[at - 20 : at + 20]


@either
def test_settings_name_the_key_and_the_secret_holds_it(kind):
    asked = []

    def secret(name):
        asked.append(name)
        return pem(KEYS[kind])

    for more in ({"dkim_domain": "northwind.example"}, {"sender": "incident@northwind.example"}):
        given = MailSettings.model_validate({**SETTINGS.model_dump(), "dkim_selector": "mail2026", **more})
        mail = build_mail(given, LETTER, key=b"0123456789abcdef").payload
        made = signer(given, secret)
        assert made
        assert verifies(kind, made.sign(mail) + mail)
    assert asked == ["dkim", "dkim"]


def test_without_a_selector_nothing_is_signed_and_no_secret_is_asked_for():
    def secret(name):
        raise AssertionError(f"nobody needs the secret {name}")

    assert signer(SETTINGS, secret) is None


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("dkim_domain", {"dkim_selector": "a", "dkim_domain": "else.example"}),
        ("dkim_domain", {"dkim_selector": "a", "dkim_domain": "wind.example"}),
        ("dkim_domain", {"dkim_selector": "a", "dkim_domain": "x.mail.northwind.example"}),
        ("dkim_domain", {"dkim_selector": "a", "dkim_domain": "northwind.example; x=y"}),
        ("dkim_domain", {"dkim_domain": "northwind.example"}),
        ("dkim_selector", {"dkim_selector": "a b"}),
        ("dkim_selector", {"dkim_selector": "a;\r\n"}),
        ("dkim_selector", {"dkim_selector": ".a"}),
    ],
)
def test_settings_that_cannot_sign_are_refused(field, given):
    with pytest.raises(ValidationError) as refusal:
        MailSettings.model_validate({**SETTINGS.model_dump(exclude_none=True), **given})

    assert [error["loc"] for error in refusal.value.errors()] == [(field,)]


BROKEN = pem(KEYS["rsa"]).replace("A", "!", 3)
LOCKED = (
    KEYS["rsa"]
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    .decode()
)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("hunter2hunter2", "not a private key"),
        ("half \udc00 hunter2", "not a private key"),
        (BROKEN, "not a private key"),
        (LOCKED, "locked with a password"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
    ],
    ids=["a word", "half a letter", "a broken key", "a locked key", "a short key", "another kind"],
)
def test_a_key_that_cannot_be_used_is_refused_and_never_shown(key, problem):
    with pytest.raises(CrisiscommsError, match=problem) as refusal:
        Signer("northwind.example", "mail2026", key)

    shown = "".join(traceback.format_exception(refusal.value)) + refusal.value.why + refusal.value.fix
    assert not any(line in shown for line in key.splitlines())
    assert "openssl" in refusal.value.fix


def test_a_signer_does_not_show_its_key():
    key = pem(KEYS["ed25519"])

    assert not any(line in repr(Signer("northwind.example", "mail2026", key)) for line in key.splitlines())


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(CrisiscommsError) as refusal:
        Signer("northwind.example", "mail2026", pem(KEYS["ed25519"]))

    assert 'pip install "crisiscomms[dkim]"' in refusal.value.fix


def test_two_readers_of_one_notice_have_signatures_of_their_own():
    one = Signer("northwind.example", "mail2026", pem(KEYS["ed25519"]))
    plain = NOTICE._replace(text="Dear reader", html="<p>Dear reader</p>")
    for email in ("ana@shop.example", "bea@shop.example", "ana@shop.example"):
        mail = build_mail(SETTINGS, LETTER._replace(notice=plain, email=email), key=b"0123456789abcdef").payload
        assert verifies("ed25519", one.sign(mail) + mail)
