"""Names that sources.yml takes, none of them twice; and what a column's name says about it."""

import re
import unicodedata
from collections.abc import Iterable

from include.specs import MongoCollection, PostgresTable

LONGEST = 38
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Stamps of the last change, without what separates their words.
STAMPS = {"lastupdate", "lastupdated", "lastupdatedat", "lastupdatedon", "lastupdatedate", "lastupdatetime"}
STAMPS |= {
    "lastmodified",
    "lastmodifiedat",
    "lastmodifiedon",
    "lastmodifieddate",
    "lastchange",
    "lastchanged",
}
STAMPS |= {f"{verb}{end}" for verb in ("updated", "modified", "changed") for end in ("", "at", "on", "date")}
STAMPS |= {
    f"{verb}{end}" for verb in ("updated", "modified", "changed") for end in ("time", "ts", "datetime")
}
STAMPS |= {f"date{verb}" for verb in ("updated", "modified", "changed")} | {"mtime", "systemmodstamp"}
STAMPS |= {f"{verb}{end}" for verb in ("update", "modification", "change") for end in ("date", "time", "ts")}
PERSONAL = {"email", "mail", "phone", "mobile", "telephone", "fax", "birth", "birthday", "birthdate", "dob"}
PERSONAL |= {"address", "street", "postcode", "zipcode", "firstname", "lastname", "surname", "fullname"}
PERSONAL |= {"username", "ssn", "passport", "iban", "ip", "forename", "gender"}
# A name is somebody's when one of these stands beside it, or in the table's name.
PERSONS = {"user", "customer", "person", "people", "employee", "client", "contact", "member", "staff"}
PERSONS |= {"actor", "author", "patient", "student", "subscriber", "owner", "guest", "driver", "teacher"}
NAMED = PERSONS | {"first", "last", "full", "middle", "family", "given", "maiden", "nick", "display"}
# Words after which a column is about something that is personal, but does not say it.
ABOUT = {"id", "count", "type", "verified", "status", "at", "version"}


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case: `firstName`, `first_name` and `First Name` have the same."""
    ascii_ = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", ascii_)
    return re.findall(r"[a-z0-9]+", apart.lower())


def is_stamp_name(name: str) -> bool:
    """Tell whether a column of this name says when its row was changed last."""
    return "".join(words_of(name)) in STAMPS


def is_personal_name(name: str, owner: str) -> bool:
    """Tell whether a column of this name says who somebody is; `owner` is its table."""
    words = words_of(name)
    if not words or words[-1] in ABOUT:
        return False
    if "name" in words:
        return bool({*words} & NAMED) or (len(words) == 1 and bool(singulars(owner) & PERSONS))
    return bool(singulars(name) & PERSONAL)


def singulars(name: str) -> set[str]:
    """Return the words of a name, those in the plural also without their s."""
    words = words_of(name)
    return {*words, *(word.removesuffix("s") for word in words)}


def as_name(name: str, longest: int = LONGEST) -> str:
    """Return the name as entries and raw tables may be called."""
    plain = "_".join(words_of(name)) or "unnamed"
    return (plain if plain[0].isalpha() else f"t_{plain}")[:longest].rstrip("_")


class Names:
    """The names that are taken in sources.yml, and in raw."""

    def __init__(self, sources: Iterable[PostgresTable | MongoCollection]) -> None:
        self._names: set[str] = set()
        self._raw: set[str] = set()
        for source in sources:
            self._names.add(source.name)
            self._raw |= {source.raw, *(table.raw for table in source.raw_tables)}

    def entry(self, engine: str, name: str, place: str) -> str:
        """Take a name for an entry: the own one, with the `place` after it where that is taken."""
        taken = self._names | {raw.removeprefix(f"{engine}_") for raw in self._raw}
        choice = free_name(as_name(name), taken, place=place)
        self._names.add(choice)
        self._raw.add(f"{engine}_{choice}")
        return choice

    def kind(self, entry: str, tag: str) -> str:
        """Take a name for a kind of documents, which has a raw table of its own."""
        choice = free_name(as_name(f"{entry} {tag}"), {raw.removeprefix("mongo_") for raw in self._raw})
        self._raw.add(f"mongo_{choice}")
        return choice

    def raw(self, owner: str, field: str) -> str:
        """Take a name for the raw table of an array."""
        choice = free_name(as_name(f"mongo {owner} {field}"), self._raw)
        self._raw.add(choice)
        return choice


def free_name(name: str, taken: set[str], longest: int = LONGEST, place: str = "") -> str:
    """Return a name that is not taken: as it is, else with the place after it, else with a number."""
    ends = [f"_{as_name(place, 15)}"] if place else []
    ends += [f"_{number}" for number in range(2, len(taken) + 3)]
    choices = [name, *(name[: longest - len(end)].rstrip("_") + end for end in ends)]
    return next(choice for choice in choices if choice not in taken)
