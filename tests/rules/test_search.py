"""Search for names: case, accents, strokes, ligatures and the order of words; agents with their departments."""

from datetime import UTC, datetime

from guestkey.rules.people import Agent, Department
from guestkey.rules.search import matches, search
from tests.rows_and_columns import each_row


def agent(name: str, *departments: str) -> Agent:
    email = f"{name.casefold()}@vendor.example"
    changed_at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    return Agent(agent_id=name, name=name, email=email, departments=departments, is_active=True, changed_at=changed_at)


DIRECTORY: list[Agent | Department] = [
    agent("Sven", "support"),
    agent("emil", "support", "closed-down"),
    Department(department_id="support", name="First Support"),
    agent("Dora", "dev"),
    Department(department_id="dev", name="Development"),
]


@each_row(
    ("query", "found"),
    [
        ("", ["Development", "Dora", "emil", "First Support", "Sven"]),
        ("d", ["Development", "Dora"]),
        ("first supp", ["emil", "First Support", "Sven"]),
        ("support sv", ["Sven"]),
        ("support dev", []),
        ("dev-", ["Development", "Dora"]),
        ("closed", []),
        ("x", []),
        ("none", []),
    ],
)
def test_agents_are_found_by_their_name_and_their_departments_and_all_are_sorted_by_name(query, found):
    assert [one.name for one in search(DIRECTORY, query)] == found


@each_row("query", ["Sven", "sv", "BRANDT", "brandt sven", "s b", "  sven  ", "sven, brandt!"])
def test_each_word_of_the_query_begins_some_word_of_the_name(query):
    assert matches("Sven Brandt", query)


@each_row("query", ["ven", "randt", "sven vogel", "svenb", "sven brandt junior"])
def test_a_word_that_begins_no_word_of_the_name_finds_nothing(query):
    assert not matches("Sven Brandt", query)


@each_row("query", ["", " ", "-", "?!"])
def test_a_query_without_words_finds_every_name(query):
    assert matches("Sven Brandt", query)


@each_row(
    ("name", "query"),
    [
        ("Zoë Müller", "zoe muller"),
        ("Zoe Muller", "ZOË MÜLLER"),
        ("Zoe\u0308 Mu\u0308ller", "zoë müller"),
        ("José Nuñez", "jose nunez"),
        ("Anna Weiß", "WEISS"),
        ("Anna Weiss", "weiß"),
        ("\uff21\uff4e\uff4e\uff41", "anna"),  # as wide as Japanese letters
        ("Ирина Йорданова", "ирина иорд"),
        ("Łukasz Wałęsa", "lukasz walesa"),
        ("Lukasz", "ŁUKASZ"),
        ("Søren Kierkegaard", "soren"),
        ("Søren", "soeren"),
        ("Đorđe Ħal Ŧor", "dorde hal tor"),
        ("Ærø Cæsar", "aero caesar"),
        ("Œuvre", "oeuvre"),
        ("Þór Guðrún", "thor gudrun"),
        ("Iş\u0131l İnan", "isil inan"),
        ("ISIL", "\u0131ş\u0131l"),
        ("Müller Böhm Jäger", "mueller boehm jaeger"),
        ("Mueller Boehm Jaeger", "müller böhm jäger"),
        ("Mueller", "muller"),
        ("Böhmüller", "bohmueller"),
        ("Müller", "mue"),
        ("Samuel Bauer", "samue bau"),
        ("STRAẞE", "strasse"),
        ("ﬁlip Ĳsbrand", "filip ijs"),
        ("Ɓello Ƙano", "bello kano"),
        ("Ŋaa Əliyev", "naa eliyev"),
        ("Ʉla Ɵrn Ꝥor", "ula orn thor"),
        ("Ɔkɔ Ɛsi Ɣana Ɩɖe Ʊla", "oko esi gana ide ula"),
        ("Ǝmil Ǯe Ʃa", "emil ze sa"),
        ("So\u00adren Sv\u200ben", "soren sven"),
        ("Ka\u02bbana", "ka ana"),
        ("Sven\ue000 Brandt\ufffe", "sven brandt"),  # without names in Unicode
    ],
)
def test_neither_case_nor_accents_matter(name, query):
    assert matches(name, query)


@each_row(("name", "query"), [("Jean-Luc O'Brien", "luc"), ("Jean-Luc O'Brien", "o'brien"), ("R2D2", "r2")])
def test_a_word_begins_at_each_run_of_letters_and_digits(name, query):
    assert matches(name, query)
