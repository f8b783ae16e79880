"""Who may choose a call-back's slot."""

import re

CHOOSING_LANGUAGES = ("de", "de-DE", "de-AT", "de-CH", "en", "en-*", "es", "es-*")
"""The support desk speaks these; everybody else joins the queue. `*` stands for any region."""

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{2}|[0-9]{3}))?")


def may_choose_slot(locale: str | None) -> bool:
    """Say whether a user of that language may choose a slot. Case does not matter, and `_` counts as `-`."""
    match = _TAG.fullmatch((locale or "").lower().replace("_", "-"))
    if match is None:
        return False
    language, region = match.groups()
    tags = {language} if region is None else {f"{language}-{region}", f"{language}-*"}
    return not tags.isdisjoint(tag.lower() for tag in CHOOSING_LANGUAGES)
