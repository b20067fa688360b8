"""What was found: a level, a sentence, and the statements for an administrator where something is missing."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters: `missing` would stop a load."""

    OK = "ok"
    CAREFUL = "careful"
    MISSING = "MISSING"


@dataclass(frozen=True)
class Finding:
    """A sentence on a server or an entry; `remedy` is what an administrator pastes, if that mends it."""

    level: Level
    sentence: str
    remedy: tuple[str, ...] = ()


def ok(sentence: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.OK, sentence)


def careful(sentence: str, *remedy: str) -> Finding:
    """Return a finding with which loads work, but not as well or as safely as they could."""
    return Finding(Level.CAREFUL, sentence, remedy)


def missing(sentence: str, *remedy: str) -> Finding:
    """Return a finding that would stop a load."""
    return Finding(Level.MISSING, sentence, remedy)


@dataclass(frozen=True)
class Report:
    """All findings on a server; `server` is the id of its connection."""

    server: str
    is_postgres: bool
    findings: tuple[Finding, ...]

    @property
    def stops_a_load(self) -> bool:
        return any(finding.level == Level.MISSING for finding in self.findings)

    @property
    def remedies(self) -> list[str]:
        """The statements of all findings, each once."""
        return list(dict.fromkeys(line for finding in self.findings for line in finding.remedy))


def one_line(error: Exception) -> str:
    """Return the error's message without its line breaks, and without what MongoDB's driver adds."""
    message = str(error)
    for addition in (", full error:", " (configured timeouts:"):
        message = message.partition(addition)[0]
    return " ".join(message.split())
