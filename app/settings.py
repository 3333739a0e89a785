"""A checked configuration as values: what the office defines, and what this machine does."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING

from states.definitions import Definitions
from states.office import Office

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
class BackupSettings:
    """Where, when, and how many daily copies the daemon keeps; none where `folder` is None."""

    folder: Path | None
    time: time
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration; `definitions`, the office half, founds an office and is proposed to one at work."""

    path: Path
    definitions: Definitions
    database_url: str
    mail: MailSettings
    first_period: str | None
    log_level: str
    heartbeat_seconds: int
    longest_downtime_days: int
    self_check_time: time
    backup: BackupSettings
    files: tuple[Path, ...]
    """Every file it was read from."""
    warnings: "tuple[Problem, ...]" = ()
    """What is allowed but seldom meant; `kaoji check` shows it, nothing is kept from starting by it."""

    @property
    def office(self) -> Office:
        """The organisation as this file has it."""
        return self.definitions.office
