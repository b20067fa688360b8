"""Names for films and series that read like names, each of them once."""

from collections.abc import Iterator

from faker import Faker

PATTERNS = (
    "The {adjective} {noun}", "{noun} of {place}", "{name}'s {noun}",
    "The {noun} and the {other}", "{adjective} {place}", "{place} {noun}", "The Last {noun}",
    "Goodbye, {name}", "{noun} by Night", "No {noun} for {name}", "{adjective} {noun}",
    "The {noun} in {place}", "The {family} Affair", "{family} & {family2}", "Return to {place}",
)  # fmt: skip
ADJECTIVES = (
    "Silent", "Broken", "Crimson", "Golden", "Hidden", "Distant", "Wild", "Electric", "Hollow",
    "Burning", "Frozen", "Secret", "Restless", "Velvet", "Paper", "Midnight", "Lonely",
    "Second", "Stolen", "Bright",
)  # fmt: skip
NOUNS = (
    "Harbour", "Garden", "Crown", "River", "Promise", "Signal", "Orchard", "Shadow",
    "Lighthouse", "Winter", "Kingdom", "Letter", "Engine", "Mirror", "Summer", "Detective",
    "Bridge", "Storm", "Kitchen", "Witness", "Island", "Machine", "Season", "Stranger", "Thief",
    "Waltz", "Horizon", "Market", "Echo", "Wolf",
)  # fmt: skip


def draw_titles(seed: int) -> Iterator[str]:
    """Yield titles without end, none twice: a name that comes again is numbered like a sequel."""
    fake = Faker("en_US")
    fake.seed_instance(seed)
    used: dict[str, int] = {}
    while True:
        title = _draw_title(fake)
        used[title] = used.get(title, 0) + 1
        yield title if used[title] == 1 else f"{title} {used[title]}"


def _draw_title(fake: Faker) -> str:
    noun, other = fake.random_elements(NOUNS, length=2, unique=True)
    return fake.random_element(PATTERNS).format(
        adjective=fake.random_element(ADJECTIVES),
        noun=noun,
        other=other,
        name=fake.first_name(),
        place=fake.city(),
        family=fake.last_name(),
        family2=fake.last_name(),
    )
