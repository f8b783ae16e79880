"""Who may choose a call-back's slot: rule 23, word for word."""

import pytest

from guestkey.rules.slots import may_choose_slot


@pytest.mark.parametrize(
    "locale",
    ["de", "de-DE", "de-AT", "de-CH", "en", "en-GB", "en-US", "en-AU", "en-001", "es", "es-ES", "es-MX", "es-419"],
)
def test_german_english_austrian_swiss_german_and_spanish_users_choose(locale):
    assert may_choose_slot(locale)


@pytest.mark.parametrize("locale", ["DE", "de-at", "DE-ch", "EN-us", "eS-Mx", "de_DE", "de_CH", "en_GB", "ES_mx"])
def test_neither_case_nor_an_underscore_matters(locale):
    assert may_choose_slot(locale)


@pytest.mark.parametrize(
    "locale", ["it", "it-IT", "fr", "fr-CH", "it-CH", "pt-BR", "nl", "zh-CN", "gsw", "gsw-CH", "dsb", "est"]
)
def test_everybody_else_joins_the_queue(locale):
    assert not may_choose_slot(locale)


@pytest.mark.parametrize("locale", ["de-LI", "de-LU", "de-BE", "de-IT", "de-US", "de-276"])
def test_german_of_another_country_is_not_on_the_list(locale):
    assert not may_choose_slot(locale)


@pytest.mark.parametrize("locale", [None, "", " "])
def test_a_user_without_a_language_joins_the_queue(locale):
    assert not may_choose_slot(locale)


@pytest.mark.parametrize(
    "locale",
    [
        " de", "de ", "de\n", "de-", "-de", "de--DE", "de-DE-", "d", "deutsch", "german", "de-D", "de-DEU",
        "de-DE.UTF-8", "de-DE@euro", "en-", "en-*", "en-1", "en-12", "en-1234", "en-U1", "en/US", "en US", "en-GB,de",
        "en-GB;q=0.8", "*", "de-DE-1996", "en-Latn-US", "\uff45\uff4e", "en-\uff35\uff33", "en-\u0660\u0660\u0661",
        "en\u2010US", "es\x00",
    ],
)  # fmt: skip
def test_a_malformed_language_joins_the_queue(locale):
    assert not may_choose_slot(locale)
