"""A checked configuration as values. Imports nothing that checks: an act takes it from where it was remembered."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from states.office import Office
from states.policies import Policies

if TYPE_CHECKING:
    from app.config_file import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves. `domain` is the right-hand side of every Message-ID; `link_base` begins every link."""

    host: str
    port: int
    tls: str
    username: str | None
    password: str | None
    ca_file: str | None
    sender: str
    sender_name: str
    salutation: str
    link_base: str
    timeout_seconds: int
    connections: int
    attempts: int
    lease_seconds: int
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration. `fingerprint` changes with anything that matters to running reports."""

    path: Path
    office: Office
    policies: Policies
    database_url: str
    mail: MailSettings
    calendar_add: frozenset[date]
    calendar_remove: frozenset[date]
    complete_years: frozenset[int]
    first_period: str | None
    log_level: str
    heartbeat_seconds: int
    longest_downtime_days: int
    fingerprint: str
    files: tuple[Path, ...]
    """Every file it was read from."""
    warnings: "tuple[Problem, ...]" = ()
    """What is allowed but seldom meant; `kaoji check` shows it, nothing is kept from starting by it."""
