from __future__ import annotations

import email
import re
from datetime import UTC, datetime, timedelta
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crisiscomms.channels import encoding
from crisiscomms.channels.base import Letter, Posting, Rejected
from crisiscomms.channels.form import MOST_FORMS, MailForms, build_mail
from crisiscomms.channels.mail import MailSettings, as_letter, line_flaw, mail_id, message_id, unsubscribe_token
from crisiscomms.channels.outbox import OutboxChannel, RehearsalChannel
from crisiscomms.channels.smtp import SmtpChannel
from crisiscomms.messages.model import Notice, Post
from crisiscomms.messages.prose import fill, slot

PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=150)
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
    return LETTER._replace(notice=NOTICE._replace(**changes))


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
    encoding._encoded.cache_clear()

    assert build_mail(SETTINGS, LETTER, key=KEY) == first


def test_the_message_id_tells_incident_update_number_and_person_apart():
    assert message_id(SETTINGS, LETTER).startswith("<checkout-down.resolved.0.")
    assert message_id(SETTINGS, LETTER).endswith("@incidents.northwind.example>")
    assert message_id(SETTINGS, LETTER._replace(email="ANA@shop.EXAMPLE")) == message_id(SETTINGS, LETTER)
    others = [
        LETTER,
        LETTER._replace(number=1),
        LETTER._replace(email="b@shop.example"),
        with_notice(update="cause"),
        with_notice(incident="other"),
    ]
    assert len({message_id(SETTINGS, letter) for letter in others}) == len(others)


def test_a_mails_id_can_be_told_from_the_ledger_alone():
    made = mail_id("checkout-down", "resolved", 2, "ANA@shop.example", SETTINGS.list_name)

    assert made == message_id(SETTINGS, LETTER._replace(number=2))
    with pytest.raises(Rejected, match="update"):
        mail_id("checkout-down", "a>b", 0, "ana@shop.example", SETTINGS.list_name)


def test_without_a_list_id_the_senders_domain_names_the_list():
    bare = MailSettings(sender="incident@northwind.example")

    assert message_id(bare, LETTER).endswith("@northwind.example>")
    assert read(given=bare)["List-Id"] == "<northwind.example>"
    assert "Reply-To" not in read(given=bare)


def test_an_answer_is_threaded_below_the_first_mail():
    message = read(LETTER._replace(thread="<checkout-down.cause.0.abc@northwind.example>"))

    assert message["In-Reply-To"] == "<checkout-down.cause.0.abc@northwind.example>"
    assert message["References"] == "<checkout-down.cause.0.abc@northwind.example>"
    assert "In-Reply-To" not in read()


@pytest.mark.parametrize(
    "thread",
    [
        "<=?utf-8?q?x=0D=0ABcc:_e?=@b>",
        f"<{'a' * 500}@b>",
        "no-brackets@x.example",
        "<a@b>\r\nBcc: <x@y>",
        "<a b@c>",
        "<a@b> <c@d>",
        "<>",
    ],
)
def test_a_broken_thread_is_refused(thread):
    with pytest.raises(Rejected, match="Message-ID"):
        read(LETTER._replace(thread=thread))


def test_one_click_unsubscribing_carries_the_readers_own_token():
    message = read()
    token = unsubscribe_token(KEY, "incidents.northwind.example", "ana@shop.example")

    assert token == MailForms(SETTINGS, KEY).prepare(LETTER).token
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

    assert MailForms(given_settings, KEY).prepare(letter).token == ""
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
        "name": LETTER._replace(name=hostile),
        "slot": with_notice(subject=f"For {slot('name')}", text="t", html="h")._replace(values={"name": hostile}),
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
        read(LETTER._replace(email=address))


@pytest.mark.parametrize(
    "name",
    ["Ana, Bea <evil@else.example>", 'Ana "the boss" \\ Co', "Ana; Group: b@c.example;", "(comment) Ana", "Ana@Shop"],
)
def test_a_name_with_signs_of_the_grammar_stays_a_name(name):
    (address,) = read(LETTER._replace(name=name))["To"].addresses

    assert (address.display_name, address.addr_spec) == (name, "Ana@Shop.example")


def test_without_a_name_the_bare_address_is_written():
    assert read(LETTER._replace(name=""))["To"] == "Ana@Shop.example"


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
    (address,) = read(LETTER._replace(name=name))["To"].addresses

    # Python's parser shows a space between two encoded words of one name, where RFC 2047 has none.
    assert ("".join(address.display_name.split()), address.addr_spec) == ("".join(name.split()), "Ana@Shop.example")


GREEK = "Δεδομένα και πληρωμές. " * 40
NOTICES = {
    "mostly ASCII": NOTICE,
    "mostly Greek": NOTICE._replace(
        text=f"{GREEK}{slot('name')},\n\n{slot('lost')}{slot('name')}Δ{slot('lost')}.\n{GREEK}",
        html=f"<p>{slot('name')}</p><p>{GREEK}</p>\n{slot('lost')}",
    ),
    "a subject with a slot": NOTICE._replace(subject=f"{slot('name')}: we failed to take your payments", required=True),
    "no slots": NOTICE._replace(text="We are at fault.", html="<p>We are at fault.</p>"),
}
READY = MailForms(SETTINGS, KEY)
PLAUSIBLE = ["Ana", "Ana López", "", " a  b ", "..", "x" * 300, "=", "two\nlines", "a\r\n", "<b>&amp;</b>", "-- \r--=_"]
ANYTHING = PRINTABLE | st.sampled_from(PLAUSIBLE) | st.sampled_from(HOSTILE) | st.text(max_size=90)
PERSON = PRINTABLE | st.sampled_from(["Ana", "Ana López", "", " a  b ", "Ana, Bea <evil@else.example>"]) | ANYTHING
ADDRESSES = st.sampled_from(
    [
        "ana@shop.example",
        "Ana.Maria+x_y-z@a.b.shop.example",
        "=?x@shop.example",
        f"{'a' * 64}@{'b' * 63}.{'c' * 60}.example",
        "a@b.example, evil@else.example",
        "a@b.example>\r\nBcc: x@y.example",
        "=?utf-8?q?x?=@shop.example",
        "j\xf6@b.example",
    ]
)


def as_read(text):
    return re.sub("\r\n|\r|\n", "\n", text)


@pytest.mark.parametrize("kind", NOTICES)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(PERSON, ADDRESSES, st.fixed_dictionaries({"name": ANYTHING, "lost": ANYTHING}), st.booleans())
def test_whoever_the_reader_is_the_mail_says_what_was_meant_or_is_refused(kind, name, address, values, threaded):
    letter = Letter(NOTICES[kind], address, name, values, LETTER.at, thread="<a@b.example>" if threaded else None)
    try:
        prepared = READY.prepare(letter)
    except Rejected:
        return
    message = email.message_from_bytes(prepared.payload, policy=policy.default)
    values = {column: as_read(value) for column, value in values.items()}
    notice = letter.notice

    assert prepared == build_mail(SETTINGS, letter, key=KEY)
    assert not line_flaw(prepared.payload)
    assert [a.addr_spec for a in message["To"].addresses] == [address]
    assert message["Subject"].strip() == re.sub(" +", " ", fill(notice.subject, values)).strip()
    assert message.keys() == [
        *["From", "To", "Reply-To", "Subject", "Date", "Message-ID"],
        *(["In-Reply-To", "References"] if threaded else []),
        *["List-Id", *([] if notice.required else ["List-Unsubscribe", "List-Unsubscribe-Post"])],
        *["Auto-Submitted", "Feedback-ID", "MIME-Version", "Content-Type"],
    ]
    text, html = message.iter_parts()
    assert not any(part.defects for part in (message, text, html))
    for part, meant in ((text, fill(notice.text, values)), (html, fill(notice.html, values, in_html=True))):
        got = part.get_payload(decode=True).decode()
        assert got.replace("\r\n", "\n").rstrip("\n") == meant.rstrip("\n")


@pytest.mark.parametrize("kind", NOTICES)
@pytest.mark.parametrize(
    "name", ["Ana", "Ana López", "Мария-Анна Д'Арк", "山田 太郎", "Ana, Bea (& Co)", "नमिता", "x" * 200, ""]
)
@pytest.mark.parametrize("address", ["ana@shop.example", f"{'a' * 64}@{'b' * 63}.{'c' * 60}.example"])
def test_people_with_names_of_any_script_are_written_to(kind, name, address):
    values = {"name": name, "lost": "12 €"}
    payload = READY.prepare(Letter(NOTICES[kind], address, name, values, LETTER.at)).payload
    (read_back,) = email.message_from_bytes(payload, policy=policy.default)["To"].addresses

    assert (read_back.display_name, read_back.addr_spec) == (name, address)


@pytest.mark.parametrize("kind", ["mostly ASCII", "mostly Greek"])
@pytest.mark.parametrize(
    "given", ["", "a", "ab", "abc", "abcd", "é" * 200, "=", "= ", " ", ".", "a\r\n", "\n.\n", "<&\"'>", "x" * 76]
)
def test_values_of_any_length_join_their_neighbours(kind, given):
    letter = LETTER._replace(notice=NOTICES[kind], values={"name": given, "lost": given * 2})
    payload = READY.prepare(letter).payload
    message = email.message_from_bytes(payload, policy=policy.default)
    values = {column: as_read(value) for column, value in letter.values.items()}

    assert all(len(line) <= 78 for line in payload.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
    text = message.get_body(("plain",)).get_payload(decode=True).decode()
    assert text.replace("\r\n", "\n").rstrip("\n") == fill(letter.notice.text, values).rstrip("\n")


@pytest.mark.parametrize("kind", ["mostly ASCII", "mostly Greek"])
@pytest.mark.parametrize("hidden", ["nul \0", "bell \x07", "half \udc00", "mark \ue003lost\ue004"])
def test_a_value_with_hidden_characters_is_refused_without_repeating_it(kind, hidden):
    with pytest.raises(Rejected, match="hidden character") as refusal:
        READY.prepare(LETTER._replace(notice=NOTICES[kind], values={"name": f"SECRET {hidden}", "lost": "1"}))

    assert "SECRET" not in refusal.value.reason


def test_a_channel_tells_its_notices_and_their_times_apart():
    ready = MailForms(SETTINGS, KEY)
    days = [LETTER.at, LETTER.at + timedelta(days=1)]
    letters = [with_notice(text=f"Words {number}") for number in range(MOST_FORMS + 2)]
    letters = [letter._replace(at=at) for letter in letters for at in days]

    for letter in [*letters, *letters]:
        assert ready.prepare(letter) == build_mail(SETTINGS, letter, key=KEY)


def test_every_channel_that_mails_knows_its_readers_tokens(tmp_path):
    table = SETTINGS.model_dump(exclude_none=True)
    outbox = OutboxChannel.from_table("mail", table, tmp_path, KEY)
    relay = SmtpChannel.from_table("mail", {**table, "type": "smtp", "host": "localhost"}, KEY)
    token = unsubscribe_token(KEY, SETTINGS.list_name, LETTER.email)

    for channel in (outbox, relay, RehearsalChannel(relay, tmp_path)):
        prepared = channel.prepare(LETTER)
        assert prepared.token == token
        assert f"/{token}>".encode() in prepared.payload
        assert prepared.envelope["message_id"] == message_id(SETTINGS, LETTER)


def test_one_readers_values_never_reach_the_next():
    ready = MailForms(SETTINGS, KEY)
    ready.prepare(LETTER._replace(email="bea@shop.example", name="Bea", values={"name": "Bea", "lost": "99"}))
    payload = ready.prepare(LETTER).payload

    assert payload == build_mail(SETTINGS, LETTER, key=KEY).payload
    assert b"Bea" not in payload
    assert b"bea@" not in payload


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
    payload = build_mail(SETTINGS, LETTER._replace(name="Ёлка " * 30), key=KEY).payload

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
        read(LETTER._replace(values={"name": "Ana"}))


@pytest.mark.parametrize("letter", [with_notice(subject="x" * 1200), LETTER._replace(name="x" * 1200)])
def test_a_header_line_that_servers_would_cut_is_refused(letter):
    with pytest.raises(Rejected, match="head"):
        read(letter)


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


@pytest.mark.parametrize(
    "others",
    [
        ("ana+shop@shop.example", "ana_shop@shop.example", "ana'shop@shop.example"),
        (
            f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 50}.example",
            f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 49}x.example",
        ),
    ],
)
def test_no_two_readers_share_a_file_and_no_name_is_too_long(tmp_path, others):
    table = SETTINGS.model_dump(exclude_none=True)
    outbox = OutboxChannel.from_table("mail", table, tmp_path, KEY)
    with outbox.open(lambda _name: None) as sender:
        for email in others:
            sender.send(outbox.prepare(LETTER._replace(email=email)), parent=None, edge=lambda: None)
    written = {path.read_bytes() for path in tmp_path.rglob("*.eml")}
    assert len(written) == len(others)
