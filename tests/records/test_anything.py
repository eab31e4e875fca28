"""Whatever a file holds, reading it gives a record or findings that help. Nothing else comes out."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monsters import GOOD, write
from pydantic_core import PydanticCustomError
from refusals import EXAMPLES, helps, outcome

from crisiscomms.fields import Reading, Span, Text, Unit, When
from crisiscomms.record import load_record, parse_record
from crisiscomms.record.characters import find_unprintable, invisible
from crisiscomms.record.recipients import read_recipients

ANYTHING = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
#: Pieces that mean something to YAML, Markdown, mail or us.
PIECES = st.sampled_from(
    ["\n", "\n\n", "\n  ", "  ", "\t", ":", ": ", "- ", "? ", "| ", ">\n", "#", " #x", "---\n", "...\n", "%YAML 1.1\n", "&a ", "*a", "!!binary ", "<<: ", "[", "]", "{", "}", ",", "'", '"', "\\", '"\\u202e"', '"\\0"', "\0", "\x85", "\u2028", "\u202e", "\ue000", "\ufeff", "\U000e0061", "$", "$$", "$fixed", "$recipient.x", "$promises.x.due", "<b>", "<", "](", "](//x)", "![", "=?x?=", "null", "~", "yes", "2026-11-18 25:00", "2026-03-29 02:30", "1e400", "\uff11", "id", "updates", "facts", "en", "de", "other", "\r", "\r\n", "é", "😀"]
)  # fmt: skip
FIELDS = (
    "id",
    "title",
    "times",
    "facts",
    "impact",
    "promises",
    "updates",
    "severity",
    "contact",
    "audiences",
    "languages",
)
VALUES = st.recursive(
    st.text(max_size=8) | PIECES | st.sampled_from(["everyone", "2026-11-18 10:12", "ours", "1719", "email"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from([*FIELDS, "en", "de", "at", "text", "value", "unit", "one", "other"]), below, max_size=4
        )
    ),
    max_leaves=12,
)


def read(workspace, raw):
    """Read a record from bytes. Returns it, or the findings, each of which helps."""
    name = write(workspace, "anything", raw)
    record, findings = outcome(lambda: load_record(workspace, name))
    assert record or findings
    assert all(helps(finding, name, may_say_none=True) for finding in findings)
    return record


@ANYTHING
@given(raw=st.binary(max_size=300))
def test_random_bytes(shared_workspace, raw):
    assert read(shared_workspace, raw) is None


@ANYTHING
@given(words=st.lists(PIECES | st.text(max_size=5), max_size=40))
def test_random_pieces(shared_workspace, words):
    assert read(shared_workspace, "".join(words).encode(errors="surrogatepass")) is None


@pytest.mark.parametrize("name", [*EXAMPLES, None])
@ANYTHING
@given(data=st.data())
def test_a_good_record_after_an_accident(shared_workspace, name, data):
    """Pieces are put in, cut out and doubled."""
    path = shared_workspace.record_path(name or "anything")
    source = path.read_text(encoding="utf-8") if name else GOOD.format(name="anything")
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(source)))
        end = min(len(source), start + data.draw(st.integers(0, 40)))
        source = source[:start] + data.draw(PIECES | st.just(source[start:end] * 2) | st.just("")) + source[end:]
    record, findings = outcome(lambda: parse_record(shared_workspace, source, path))
    assert record or findings
    assert all(helps(finding, name or "anything", may_say_none=True) for finding in findings)


@ANYTHING
@given(data=st.data())
def test_a_good_record_with_fields_of_any_shape(shared_workspace, data):
    lines = GOOD.format(name="anything").split("\n")
    fields = data.draw(st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), min_size=1, max_size=4))
    for field, value in fields:
        lines = [line for line in lines if not line.startswith(f"{field}:")]
        lines.append(f"{field}: {flow(value)}")
    read(shared_workspace, "\n".join(lines).encode(errors="surrogatepass"))


def flow(value):
    """Write a value as YAML on one line."""
    if isinstance(value, list):
        return f"[{', '.join(flow(v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{k}: {flow(v)}' for k, v in value.items())} }}"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@ANYTHING
@given(rows=st.lists(PIECES | st.text(max_size=6) | st.sampled_from(["a@b.example", "email", "name"]), max_size=30))
def test_a_list_of_anything(shared_workspace, rows):
    path = shared_workspace.folder / "lists" / "anything.csv"
    path.write_bytes(("email,name\n" + "".join(rows)).encode(errors="surrogatepass"))
    people = read_recipients(path)
    assert all(helps(problem, "anything", may_say_none=True) for problem in people.problems)
    found = [] if people.problems else list(people.people())
    assert people.count == len(found) or people.problems
    assert all(person.email.isascii() and person.email.isprintable() for person in found)
    for value in (value for person in found for value in person.cells):
        assert not any(find_unprintable(value))
        assert not invisible(value)


@ANYTHING
@given(value=VALUES | PIECES, kind=st.sampled_from([Text, Unit, When, Span]))
def test_a_field_of_anything(value, kind):
    try:
        found = kind.read(value, Reading("Europe/Berlin"))
    except PydanticCustomError as error:
        found, words = None, str(error)
    assert isinstance(found, kind) or "Error" not in words
