from __future__ import annotations

import email
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crisiscomms.channels import mail
from crisiscomms.channels.base import Letter, Posting, Rejected
from crisiscomms.channels.mail import MailSettings, as_letter, build_mail, line_flaw, message_id, unsubscribe_token
from crisiscomms.messages.model import Notice, Post
from crisiscomms.messages.prose import slot

KEY = b"0123456789abcdef0123456789abcdef"
SETTINGS = MailSettings(
    sender="Northwind Pay <incident@northwind.example>",
    reply_to="help@northwind.example",
    list_id="incidents.northwind.example",
    unsubscribe="https://northwind.example/unsubscribe/{token}",
)
NOTICE = Notice(
    incident="checkout-down",
    update="resolved",
    audience="merchants",
    language="en",
    kind="notice",
    subject="We failed to take your payments",
    html=f"<p>Dear {slot('name')},</p>\n<p>you lost {slot('lost')}.</p>",
    text=f"Dear {slot('name')},\n\nyou lost {slot('lost')}.\n",
    columns=("name", "lost"),
)
LETTER = Letter(
    NOTICE,
    "Ana@Shop.example",
    "Ana López",
    {"name": "Ana & Co", "lost": "12 €"},
    datetime(2026, 11, 18, 10, 12, tzinfo=UTC),
)
HOSTILE = [
    "hello\r\nBcc: everyone@else.example",
    "hello\nBcc: everyone@else.example",
    "hello\rBcc: everyone@else.example",
    "=?utf-8?q?x=0D=0ABcc:_evil@else.example?=",
    "before =?utf-8?b?DQpCY2M6IGV2aWw=?= after",
    "nul\0byte",
    "tab\there",
    "escape\x1b[31m",
    "next\x85line",
    "line\u2028separator",
    "paragraph\u2029separator",
    "delete\x7f",
    "turned \u202eround",
    "half a \ud800 letter",
    "leftover \ue005 mark",
]


def read(letter=LETTER, given=SETTINGS):
    return email.message_from_bytes(build_mail(given, letter, key=KEY).payload, policy=policy.default)


def with_notice(**changes):
    return replace(LETTER, notice=replace(NOTICE, **changes))


def test_a_reader_gets_the_notice_in_both_forms_with_their_own_values():
    message = read()

    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == "Dear Ana & Co,\n\nyou lost 12 €."
    assert html.get_content_type() == "text/html"
    assert "<p>Dear Ana &amp; Co,</p>" in html.get_content()
    assert "12 €" in html.get_content()


def test_the_head_says_who_to_whom_what_and_when():
    message = read()

    assert message.keys() == [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Auto-Submitted",
        "Feedback-ID",
        "MIME-Version",
        "Content-Type",
    ]
    assert message["From"] == "Northwind Pay <incident@northwind.example>"
    assert message["To"].addresses[0].display_name == "Ana López"
    assert message["To"].addresses[0].addr_spec == "Ana@Shop.example"
    assert message["Reply-To"] == "help@northwind.example"
    assert message["Subject"] == "We failed to take your payments"
    assert message["Date"] == "Wed, 18 Nov 2026 10:12:00 +0000"
    assert message["List-Id"] == "<incidents.northwind.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Feedback-ID"] == "checkout-down:resolved:merchants:incident-northw"


def test_the_envelope_names_sender_recipient_and_message_id():
    prepared = build_mail(SETTINGS, LETTER, key=KEY)

    assert prepared.envelope == {
        "from": "incident@northwind.example",
        "to": "Ana@Shop.example",
        "message_id": message_id(SETTINGS, LETTER),
    }
    assert read()["Message-ID"] == message_id(SETTINGS, LETTER)


def test_the_same_letter_gives_the_same_bytes():
    first = build_mail(SETTINGS, LETTER, key=KEY)
    mail._body.cache_clear()
    mail._encoded.cache_clear()

    assert build_mail(SETTINGS, LETTER, key=KEY) == first


def test_the_message_id_tells_incident_update_number_and_person_apart():
    assert message_id(SETTINGS, LETTER).startswith("<checkout-down.resolved.0.")
    assert message_id(SETTINGS, LETTER).endswith("@incidents.northwind.example>")
    assert message_id(SETTINGS, replace(LETTER, email="ANA@shop.EXAMPLE")) == message_id(SETTINGS, LETTER)
    others = [
        LETTER,
        replace(LETTER, number=1),
        replace(LETTER, email="b@shop.example"),
        with_notice(update="cause"),
        with_notice(incident="other"),
    ]
    assert len({message_id(SETTINGS, letter) for letter in others}) == len(others)


def test_without_a_list_id_the_senders_domain_names_the_list():
    bare = MailSettings(sender="incident@northwind.example")

    assert message_id(bare, LETTER).endswith("@northwind.example>")
    assert read(given=bare)["List-Id"] == "<northwind.example>"
    assert "Reply-To" not in read(given=bare)


def test_an_answer_is_threaded_below_the_first_mail():
    message = read(replace(LETTER, thread="<checkout-down.cause.0.abc@northwind.example>"))

    assert message["In-Reply-To"] == "<checkout-down.cause.0.abc@northwind.example>"
    assert message["References"] == "<checkout-down.cause.0.abc@northwind.example>"
    assert "In-Reply-To" not in read()


@pytest.mark.parametrize("thread", ["no-brackets@x.example", "<a@b>\r\nBcc: <x@y>", "<a b@c>", "<a@b> <c@d>", "<>"])
def test_a_broken_thread_is_refused(thread):
    with pytest.raises(Rejected, match="Message-ID"):
        read(replace(LETTER, thread=thread))


def test_one_click_unsubscribing_carries_the_readers_own_token():
    message = read()
    token = unsubscribe_token(KEY, "incidents.northwind.example", "ana@shop.example")

    assert message["List-Unsubscribe"] == f"<https://northwind.example/unsubscribe/{token}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("letter", "given_settings"),
    [
        (with_notice(required=True), SETTINGS),
        (LETTER, MailSettings(sender="incident@northwind.example", list_id="incidents.northwind.example")),
    ],
)
def test_notices_that_are_required_or_have_no_address_for_it_offer_no_unsubscribing(letter, given_settings):
    message = read(letter, given_settings)

    assert "List-Unsubscribe" not in message
    assert "List-Unsubscribe-Post" not in message


def test_a_token_is_opaque_and_bound_to_key_list_and_reader():
    token = unsubscribe_token(KEY, "list.example", "ana@shop.example")

    assert token == unsubscribe_token(KEY, "list.example", "ANA@shop.example")
    assert len({token, *(unsubscribe_token(*other) for other in OTHER_TOKENS)}) == 1 + len(OTHER_TOKENS)
    assert len(token) == 43
    assert "ana" not in token.lower()
    with pytest.raises(ValueError, match="empty key"):
        unsubscribe_token(b"", "list.example", "ana@shop.example")


OTHER_TOKENS = [
    (b"another key", "list.example", "ana@shop.example"),
    (KEY, "other.example", "ana@shop.example"),
    (KEY, "list.example", "bea@shop.example"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("where", ["subject", "name", "slot"])
def test_hostile_text_never_reaches_a_header_and_is_not_repeated(hostile, where):
    letter = {
        "subject": with_notice(subject=hostile),
        "name": replace(LETTER, name=hostile),
        "slot": replace(with_notice(subject=f"For {slot('name')}", text="t", html="h"), values={"name": hostile}),
    }[where]

    with pytest.raises(Rejected) as refusal:
        read(letter)

    assert hostile not in refusal.value.reason
    assert "Bcc" not in refusal.value.reason


@pytest.mark.parametrize(
    "address",
    [
        '"a\rb"@c.example',
        "a@b.example>\r\nRCPT TO:<evil@else.example",
        "a@b.example, evil@else.example",
        "Ana <a@b.example>",
        "a@localhost",
        "jörg@shop.example",
        "=?utf-8?q?x?=@shop.example",
        "",
    ],
)
def test_only_a_plain_address_is_written_to(address):
    with pytest.raises(Rejected, match="address"):
        read(replace(LETTER, email=address))


@pytest.mark.parametrize(
    "name",
    ["Ana, Bea <evil@else.example>", 'Ana "the boss" \\ Co', "Ana; Group: b@c.example;", "(comment) Ana", "Ana@Shop"],
)
def test_a_name_with_signs_of_the_grammar_stays_a_name(name):
    (address,) = read(replace(LETTER, name=name))["To"].addresses

    assert (address.display_name, address.addr_spec) == (name, "Ana@Shop.example")


def test_without_a_name_the_bare_address_is_written():
    assert read(replace(LETTER, name=""))["To"] == "Ana@Shop.example"


PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=150)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(PRINTABLE)
def test_any_subject_and_text_arrive_as_written(words):
    if "=?" in words:
        return
    message = read(with_notice(subject=words, text=words, html=f"<p>{words}</p>"))

    assert message["Subject"] == " ".join(words.split())
    assert message.get_body(("plain",)).get_content().rstrip("\r\n") == words


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(PRINTABLE)
def test_whatever_the_name_exactly_one_address_is_written_to(name):
    if "=?" in name:
        return
    assert [a.addr_spec for a in read(replace(LETTER, name=name))["To"].addresses] == ["Ana@Shop.example"]


@pytest.mark.parametrize(
    "text", ["x" * 5000, "日本語" * 800, ".\n..\n.hidden\n", "a\rb\r\nc\nd", "ends in space \n \n", "", "=_=_=3D--=_"]
)
def test_bodies_of_any_shape_are_short_lines_and_read_back(text):
    prepared = build_mail(SETTINGS, with_notice(text=text), key=KEY)

    assert all(len(line) <= 78 for line in prepared.payload.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
    body = email.message_from_bytes(prepared.payload, policy=policy.default).get_body(("plain",))
    expected = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert body.get_payload(decode=True).decode().replace("\r\n", "\n").rstrip("\n") == expected


def test_mails_are_plain_ascii_with_proper_line_ends():
    payload = build_mail(SETTINGS, replace(LETTER, name="Ёлка " * 30), key=KEY).payload

    assert payload.isascii()
    assert payload.endswith(b"\r\n")
    assert b"\n" not in payload.replace(b"\r\n", b"")
    assert b"\r" not in payload.replace(b"\r\n", b"")


@pytest.mark.parametrize("field", ["text", "html"])
@pytest.mark.parametrize("bad", ["nul \0", "bell \x07", "half \udc00", "mark \ue005"])
def test_a_body_with_hidden_characters_is_refused_without_repeating_it(field, bad):
    with pytest.raises(Rejected, match="hidden character") as refusal:
        read(with_notice(**{field: f"SECRET WORDS {bad}"}))

    assert "SECRET" not in refusal.value.reason


def test_a_missing_column_is_named():
    with pytest.raises(Rejected, match="lost"):
        read(replace(LETTER, values={"name": "Ana"}))


def test_a_header_line_that_servers_would_cut_is_refused():
    with pytest.raises(Rejected, match="head"):
        read(with_notice(subject="x" * 1200))


@pytest.mark.parametrize("field", ["incident", "update", "audience"])
def test_ids_that_could_break_a_header_are_refused(field):
    with pytest.raises(Rejected, match=field):
        read(with_notice(**{field: "a>\r\nBcc: x@y.example"}))


@pytest.mark.parametrize(
    ("payload", "flaw"),
    [
        (b"fine\r\n.\r\n", ""),
        (b"a\r.\r\n", "line end"),
        (b"a\n.\r\n", "line end"),
        (b"a\r\r\n", "line end"),
        (b"x" * 998 + b"\r\n", ""),
        (b"x" * 999 + b"\r\n", "998"),
    ],
)
def test_line_ends_that_smuggle_and_long_lines_are_found(payload, flaw):
    assert (flaw in line_flaw(payload)) if flaw else line_flaw(payload) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "not an address"},
        {"sender": "Evil\r\nBcc: <a@b.example>"},
        {"sender": "=?utf-8?q?x?= <a@b.example>"},
        {"sender": "A <a@b.example> <c@d.example>"},
        {"reply_to": "nobody"},
        {"list_id": "no spaces here.example"},
        {"list_id": "nodots"},
        {"unsubscribe": "https://northwind.example/unsubscribe"},
        {"unsubscribe": "http://northwind.example/{token}"},
        {"unsubscribe": "https://northwind.example/{token}>\r\nBcc: x"},
        {"unsubscribe": "https://northwind.example/{token}/{name}"},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValidationError) as refusal:
        MailSettings.model_validate({"sender": "incident@northwind.example", **wrong})

    assert [error["loc"] for error in refusal.value.errors()] == [(next(iter(wrong)),)]


def test_a_sender_with_any_name_is_written_so_that_it_reads_back():
    given_settings = MailSettings(sender='"Händler, Söhne & Co" <incident@northwind.example>')
    (address,) = read(given=given_settings)["From"].addresses

    assert address.display_name == "Händler, Söhne & Co"
    assert address.addr_spec == "incident@northwind.example"


def test_a_post_is_no_letter():
    post = Posting(Post("i", "u", "x", "en", "post", "text", "https://x.example"), LETTER.at)

    with pytest.raises(TypeError, match="letters"):
        as_letter(post)
