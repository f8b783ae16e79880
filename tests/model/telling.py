"""Random stories of any kind: drawn from a seed, told step by step to a model and to the product, and shortened.

A story is drawn from its seed before it is told: where it begins, and a few small numbers for each step. One that fails
is told again without some of its steps, and with simpler choices; the sentences that are left are the failure's
message. Things are picked by their age, the newest first, so that a story stays a story when steps are left out.

Hypothesis did not do here: of the stories that its state machines drew two in three were the simplest one or a copy of
the one before, and its shrinking, which stops after 500 successes, left steps that did not matter.
"""

import random
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import StringIO
from itertools import product
from math import inf
from time import perf_counter
from typing import Any, ClassVar, NoReturn, Self

from tests.rows_and_columns import seed_of_run

GATE_SEED = 20261127
PAUSE = timedelta(seconds=2)
"""Time between two steps. A user's change claims priority on the ledger for a second, even one that is then refused:
agents and the clean-up stand back meanwhile (rule 21), which under a clock that stands still would never end."""
NAMING = ("grant_id", "request_id", "login_id", "callback_id", "about")
"""Members that name the subject of a view or an entry."""
MAX_CHOICES = 10
"""The kind of a step, and its members."""


@dataclass
class Told:
    """How much was told: steps that were taken, and stories that came to their end."""

    summary: str = ""
    steps: int = 0
    stories: int = 0
    last_step: int = 0
    """The number of the last step of the latest story."""


class Mismatch(AssertionError):
    """The product does not do as the model says."""


@dataclass(frozen=True)
class Drawn:
    """A story before it is told: what kinds of steps it has, when it begins, and the choices of each step."""

    theme: str
    start: datetime
    steps: list[tuple[int, ...]]

    @classmethod
    def of(cls, number: int, themes: Iterable[str], starts: Sequence[datetime], most_steps: int) -> Self:
        """Draw the story of a seed."""
        chance = random.Random(number)
        theme, start = chance.choice(list(themes)), chance.choice(starts)
        count = chance.randint(most_steps // 4, most_steps)
        return cls(theme, start, [tuple(chance.choices(range(120), k=MAX_CHOICES)) for _ in range(count)])

    def but(self, steps: list[tuple[int, ...]]) -> Self:
        """Return the same story with other steps."""
        return replace(self, steps=steps)


class Choice:
    """Chooses by numbers that were drawn: each is used once, and 0 stands for the first, the simplest."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = iter(numbers)

    def __call__[T](self, some: Sequence[T]) -> T:
        return some[next(self._numbers) % len(some)]

    def newest(self, things: dict[str, Any]) -> str:
        """Return the name of one of the five newest things."""
        return self(list(things)[:-6:-1])


class Telling:
    """One story, as it is told. A subclass has the steps, the model, and the product."""

    themes: ClassVar[dict[str, list[str]]]
    """The steps of each kind of story, the likely ones more than once."""
    starts: ClassVar[list[datetime]]
    needed: ClassVar[dict[str, str]] = {}
    """The member of the model without which a step is not taken."""
    told: ClassVar[Told] = Told()

    product: Any
    model: Any

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.steps = 0
        self.verbs: list[str] = []

    def open_model(self, at: datetime) -> Any:
        """Return the model of the sample world at that moment."""
        raise NotImplementedError

    def open_product(self, at: datetime) -> Any:
        """Return the product in the sample world, with its clock at that moment."""
        raise NotImplementedError

    def set_clock(self, to: datetime) -> None:
        """Move the product's clock."""
        raise NotImplementedError

    def close_product(self) -> None:
        """Leave the sample world."""

    def end(self) -> None:
        """Compare everything once more when the story is over."""
        self.told.stories += 1

    def begin(self, theme: str, start: datetime) -> None:
        self.sentences = [f"The story begins at {start:%Y-%m-%d %H:%M}."]
        self.verbs = self.themes[theme]
        self.model = self.open_model(start)
        self.product = self.open_product(start)

    def step(self, choices: tuple[int, ...]) -> None:
        """Take a step, if there is already the thing that it needs. A few small numbers choose all of it."""
        one_of = Choice(choices)
        verb = one_of(self.verbs)
        if getattr(self.model, self.needed.get(verb, ""), True):
            getattr(self, f"_{verb}")(one_of)

    def _tick(self) -> None:
        self.model.now += PAUSE
        self.set_clock(self.model.now)

    def _same(self, about: str, expected: Any, found: Any) -> None:
        if expected == found:
            return
        if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
            expected, found = next((one, two) for one, two in zip(expected, found, strict=True) if one != two)
        if isinstance(expected, dict) and isinstance(found, dict):
            names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
            about += "".join(f" {expected[name]}" for name in NAMING if expected.get(name))
            expected, found = ({name: one.get(name) for name in names} for one in (expected, found))
        self._fail(f"{about}: the model has {expected}, the product {found}")

    def _fail(self, how: str) -> NoReturn:
        raise Mismatch(self._at(how))

    def _say(self, sentence: str) -> None:
        self.sentences.append(self._at(sentence))
        self.steps += 1
        self.told.steps += 1

    def _at(self, sentence: str) -> str:
        return f"{self.model.now:%Y-%m-%d %H:%M:%S}  {sentence}"

    @classmethod
    def tell(cls, *, steps: int, steps_a_story: int, limit_seconds: float = inf) -> Told:
        """Tell stories of so many steps in all, or until the time is up, and return how much was told.

        Raises Mismatch with the shortened story and its seed.
        """
        number = first = seed_of_run(GATE_SEED)
        cls.told, began = Told(), perf_counter()
        with redirect_stdout(StringIO()):  # the functions log
            while cls.told.steps < steps and perf_counter() - began < limit_seconds:
                drawn = Drawn.of(number, cls.themes, cls.starts, steps_a_story)
                if cls._failure_of(drawn):
                    failed = drawn.but(drawn.steps[: cls.told.last_step])
                    raise Mismatch(f"GUESTKEY_SEED={number}\n{cls._shortened(failed)}")
                number += 1
        cls.told.summary = (
            f"{cls.__name__}: {cls.told.steps:,} steps in {cls.told.stories:,} stories, "
            f"{perf_counter() - began:.0f} s, GUESTKEY_SEED={first}"
        )
        return cls.told

    @classmethod
    def _failure_of(cls, drawn: Drawn) -> str | None:
        """Tell a story, and return it with its failure if it fails."""
        story = cls()
        try:
            story.begin(drawn.theme, drawn.start)
            for cls.told.last_step, choices in enumerate(drawn.steps, 1):
                story.step(choices)
            story.end()
        except Exception as error:  # noqa: BLE001 # a bug of any kind ends a story
            return "\n".join([*story.sentences, f"{type(error).__name__}: {error}"])
        finally:
            story.close_product()
        return None

    @classmethod
    def _shortened(cls, drawn: Drawn) -> str:
        """Return a failing story without the steps and the choices that do not matter."""
        told, steps = cls._failure_of(drawn), drawn.steps
        size = len(steps)
        while size := size // 2:
            for first in reversed(range(0, len(steps), size)):
                shorter = [*steps[:first], *steps[first + size :]]
                if found := cls._failure_of(drawn.but(shorter)):
                    told, steps = found, shorter
        for number, place in product(range(len(steps)), range(MAX_CHOICES)):
            if steps[number][place]:
                simpler = (*steps[number][:place], 0, *steps[number][place + 1 :])
                changed = [*steps[:number], simpler, *steps[number + 1 :]]
                if found := cls._failure_of(drawn.but(changed)):
                    told, steps = found, changed
        return told or "The story did not fail when it was told again."
