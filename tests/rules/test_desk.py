"""The support desk's record as the rules read it, and its texts by language."""

from datetime import timedelta

from guestkey.rules.desk import MINUTES_A_DAY, Numbers, Window, around_midnight, clock_of, in_language, minutes_of
from guestkey.rules.slots import CHOOSING_LANGUAGES
from tests.rows_and_columns import each_row
from tests.rules.desks import calendar, desk, hours

TEXTS = {"de": "Guten Tag", "de-AT": "Grüß Gott", "en": "Hello", "pt-BR": "Oi"}


def test_the_sample_desk_is_read_with_every_field():
    sample = desk()

    assert sample.zone.key == "Europe/Berlin"
    assert (sample.country, sample.subdivision) == ("DE", "NW")
    assert sample.hours == dict.fromkeys(range(5), (Window(opens=9 * 60, closes=18 * 60),))
    assert (sample.lead, sample.horizon) == (timedelta(hours=2), timedelta(hours=14 * 24))
    assert sample.lines == 2
    assert sample.slot_languages == CHOOSING_LANGUAGES
    assert {topic.topic_id: topic.minutes for topic in sample.topics} == {
        "question": 15,
        "consultation": 30,
        "technical": 30,
    }


@each_row(
    ("country", "numbers"),
    [
        ("DE", Numbers(support="+49 241 446 86 122", emergency="+49 241 44686-112")),
        ("AT", Numbers(support="+43 (1) 3619857-60", emergency="+43 (1) 3619857-60")),
        ("CH", Numbers(support="+49 241 446 86 122", emergency="+41 31 511 27 92")),
        ("IT", Numbers(support=None, emergency=None)),
        ("de", Numbers(support=None, emergency=None)),
    ],
)
def test_the_numbers_are_those_of_the_country_as_the_vendor_writes_them(country, numbers):
    assert desk().numbers_for(country) == numbers


def test_a_topic_is_found_by_its_id_and_named_in_the_callers_language():
    question = desk().topic("question")

    assert question
    assert (question.name("de-CH"), question.name("it"), question.name("fr"), question.name(None)) == (
        "Kurze Frage",
        "Domanda breve",
        "Short question",
        "Short question",
    )
    assert desk().topic("weather") is None


@each_row("language", ["de", "it", "fr-CH", None])
def test_a_language_without_its_own_mail_address_uses_another_one(language):
    assert desk().email(language) == "assistenzaclienti@onOffice.com"
    assert desk(emails={"en": "help@vendor.example", "it": "aiuto@vendor.example"}).email("it-CH").startswith("aiuto")


@each_row(
    ("language", "text"),
    [
        ("de", "Guten Tag"),
        ("de-AT", "Grüß Gott"),
        ("DE_at", "Grüß Gott"),
        ("de-CH", "Guten Tag"),
        ("pt-BR", "Oi"),
        ("pt", "Hello"),
        ("de-Latn-AT", "Guten Tag"),
        ("en-US", "Hello"),
        ("zh-Hant-TW", "Hello"),
        ("", "Hello"),
        ("-", "Hello"),
        (None, "Hello"),
    ],
)
def test_a_text_falls_back_from_the_tag_to_the_language_to_english(language, text):
    assert in_language(TEXTS, language) == text


def test_hours_are_sorted_in_any_order_of_input():
    assert desk(hours=hours("13:00-18:00", "09:00-12:00", days=["mon"])).hours == {
        0: (Window(opens=540, closes=720), Window(opens=780, closes=1080))
    }


@each_row(("clock", "minutes"), [("00:00", 0), ("00:01", 1), ("07:30", 450), ("24:00", MINUTES_A_DAY)])
def test_a_time_of_day_is_minutes_since_midnight(clock, minutes):
    assert minutes_of(clock) == minutes
    assert clock_of(minutes) == clock


def test_a_windows_end_is_exclusive():
    window = Window(opens=540, closes=1080)

    assert [minute in window for minute in (539, 540, 1079, 1080)] == [False, True, True, False]


def test_a_window_over_midnight_is_two_parts_of_a_day():
    assert around_midnight(Window(opens=1320, closes=450)) == (
        Window(opens=1320, closes=MINUTES_A_DAY),
        Window(opens=0, closes=450),
    )
    assert around_midnight(Window(opens=450, closes=1320)) == (Window(opens=450, closes=1320),)


def test_whether_a_day_is_closed_is_known_once_its_years_holidays_are_stored():
    known = calendar("2026-12-25", years=[2026])
    christmas, new_year = sorted(calendar("2026-12-25", "2027-01-01").closed)

    assert (christmas in known.closed, known.is_known(christmas)) == (True, True)
    assert (new_year in known.closed, known.is_known(new_year)) == (False, False)
