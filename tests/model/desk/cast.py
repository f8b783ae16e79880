"""The people of a desk's year: customers in five time zones and as many languages, and the agents."""

from typing import NamedTuple

from local import sample


class Customer(NamedTuple):
    """A tenant by its time zone, language and country."""

    name: str
    zone: str
    language: str
    country: str


class User(NamedTuple):
    """A person who asks for calls."""

    tenant: str
    name: str
    locale: str

    def email(self, user_id: str) -> str:
        return f"{user_id}@{self.tenant}.example"

    @property
    def language(self) -> str:
        """The language of the person's mails: English, unless there are texts in their own."""
        own = self.locale[:2]
        return own if own in {"de", "en", "es", "it"} else "en"


TENANTS = {
    "acme": Customer("Acme Immobilien GmbH", "Europe/Berlin", "de", "DE"),
    "globex": Customer("Globex Inc.", "America/New_York", "en", "US"),
    "iberia": Customer("Iberia Casas S.L.", "Europe/Madrid", "es", "ES"),
    "sakura": Customer("Sakura K.K.", "Asia/Tokyo", "en", "JP"),
    "nile": Customer("Nile Homes", "Africa/Cairo", "en", "EG"),
}
USERS = {
    "anna": User("acme", "Anna Albrecht", "de-DE"),
    "carla": User("globex", "Carla Cooper", "en-US"),
    "lucia": User("iberia", "Lucía López", "es_ES"),
    "emma": User("sakura", "Emma Ellis", "en-AU"),
    "omar": User("nile", "Omar Osman", "EN-gb"),
    "giulia": User("acme", "Giulia Galli", "it-IT"),
    "kenji": User("sakura", "Kenji Kato", "ja-JP"),
}
CHOOSES_NO_SLOT = {"giulia", "kenji"}
"""Users whose language is not one of those in which slots are chosen (rule 23)."""
AGENTS = {agent.agent_id: agent.name for agent in sample.AGENTS}
BACKEND = "backend"
