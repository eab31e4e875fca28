"""Amounts of money: as each language writes them, in every text and in each reader's own letter."""

import pytest
from example_room import FINAL, copy_example, data_of, run_here
from produced_files import parts_of

OUTAGE = "checkout-outage"


def with_refunds(value, unit="EUR"):
    """Return the outage with an amount that was taken twice: in the public's text, and in each merchant's letter."""
    data = data_of(OUTAGE)
    data["facts"]["refund"] = {"value": value, "unit": unit}
    data["impact"][0]["effect"] = {"en": "We took $refund twice.", "de": "Wir haben $refund zweimal abgebucht."}
    return data


def said_in(bench, data):
    """Return all that is said, with every space as a plain one."""
    texts = [text for _, text in bench.compose_data(data, FINAL[OUTAGE]).messages()]
    return "\n".join(texts).replace("\xa0", " ")


def with_amounts(folder, amounts):
    """Return a workspace in which the outage's letters state what each merchant is owed, one of these amounts."""
    room = copy_example(folder)
    record, people = room / f"incidents/{OUTAGE}.yaml", room / "lists/merchants.csv"
    cited = "$recipient.failed_payments.with_unit"
    text = record.read_text(encoding="utf-8").replace(cited, f"$recipient.owed.with_unit for {cited}")
    record.write_text(text.replace("\nfacts:\n", "\nfacts:\n  owed: {value: 84.20, unit: EUR}\n"), encoding="utf-8")
    first, *rows = people.read_text(encoding="utf-8").splitlines()
    rows = [f'{row},"{amounts[n // 5 % len(amounts)]}"' for n, row in enumerate(rows)]
    people.write_text("\n".join([f"{first},owed", *rows]) + "\n", encoding="utf-8")
    return room


@pytest.mark.parametrize(
    ("value", "unit", "en", "de"),
    [
        ("84.20", "EUR", "€84.20", "84,20 €"),
        ("84.2", "EUR", "€84.20", "84,20 €"),
        ("84", "EUR", "€84", "84 €"),
        ("1240000", "USD", "US$1,240,000", "1.240.000 $"),
        ("1240.5", "CHF", "CHF 1,240.50", "1.240,50 CHF"),
        ("0.125", "EUR", "€0.125", "0,125 €"),  # the price of a kilowatt-hour is never rounded
        ("900", "JPY", "JP¥900", "900 ¥"),
        ("3", "SIM", "3 SIM", "3 SIM"),  # no money, if in capitals
    ],
)
def test_an_amount_is_written_as_its_language_writes_money(bench, value, unit, en, de):
    texts = said_in(bench, with_refunds(value, unit))
    assert f"We took {en} twice." in texts
    assert f"Wir haben {de} zweimal abgebucht." in texts


def test_the_number_alone_has_the_decimals_of_its_currency(bench):
    data = with_refunds("84.2")
    data["impact"][0]["effect"] = {"en": "We took $refund.value euros twice.", "de": "Es waren $refund.value Euro."}
    texts = said_in(bench, data)
    assert "We took 84.20 euros twice." in texts
    assert "Es waren 84,20 Euro." in texts


def test_an_estimate_of_money_says_that_it_is_one(bench):
    data = with_refunds("1240000")
    data["facts"]["refund"]["certainty"] = "estimated"
    assert "We took about €1,240,000 twice." in said_in(bench, data)


def test_each_reader_is_told_their_own_amount(tmp_path):
    amounts = ("84.20", "1240.5", "12")
    room = with_amounts(tmp_path / "workspace", amounts)
    rows = (room / "lists/merchants.csv").read_text(encoding="utf-8").splitlines()
    done = run_here(room, "publish", OUTAGE, "--rehearsal", "--yes", "--now", FINAL[OUTAGE])
    assert done.returncode in {0, 1}, done.stderr
    english = {"84.20": "€84.20", "1240.5": "€1,240.50", "12": "€12"}
    german = {"84.20": "84,20 €", "1240.5": "1.240,50 €", "12": "12 €"}
    seen = set()
    for path in (room / "rehearsal").rglob("*notice*.eml"):
        _, subject, text, _ = parts_of(path)
        own = next(row.split('"')[1] for row in rows if path.name.split("-notice-")[1][:-4] in row)
        said = (german if subject.endswith("fehl") else english)[own]
        assert f"{said} for " in text.replace("\xa0", " ")
        seen.add((said, own))
    assert len(seen) == 6


@pytest.mark.parametrize("cell", ["84,20", "1.719", "1,240.50", "€12", "a lot"])
def test_an_amount_that_could_be_misread_stops_the_letters(tmp_path, cell):
    done = run_here(with_amounts(tmp_path / "workspace", ("12", cell)), "check", OUTAGE)
    assert done.returncode == 3
    assert f'owed is "{cell}"' in done.stderr
    assert "Write digits without separators" in done.stderr
