"""The same sign-off by what an office's programmer would otherwise take: Django's ORM with django-fsm-2.

Used as its manual says: a protected state field, transitions as methods, and the mixin that refuses a stale save.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.narrow import AT, FACTS, STATES
from storage.address import SqliteAddress, address_of


def signing(url: str) -> Callable[[tuple[str, int, str]], None]:
    """A sign-off by the peer, on the tables `benchmarks.narrow` made."""
    _set_up(url)
    from django.db import models, transaction
    from django_fsm import ConcurrentTransitionMixin, FSMField
    from django_fsm import transition as moves

    draft, section_signed, leader_signed = STATES

    class Report(ConcurrentTransitionMixin, models.Model):  # type: ignore[misc]  # these libraries show no types
        ref = models.TextField(unique=True)
        state = FSMField(default=draft, protected=True)
        first_signer = models.TextField()
        second_signer = models.TextField()
        due_at = models.TextField()
        version = models.IntegerField()

        class Meta:
            app_label, db_table, managed = "peer", "narrow_report", False

        def _signed_first(self) -> None:
            self.version += 1

        def _signed_second(self) -> None:
            self.version += 1

        # Not written as decorators: where the peer is not installed, the type checker takes these for untyped ones.
        sign_first = moves(field=state, source=draft, target=section_signed)(_signed_first)
        sign_second = moves(field=state, source=section_signed, target=leader_signed)(_signed_second)

    class Audit(models.Model):  # type: ignore[misc]  # as above
        report = models.ForeignKey(Report, on_delete=models.PROTECT)
        actor = models.TextField()
        before = models.TextField()
        after = models.TextField()
        at = models.TextField()

        class Meta:
            app_label, db_table, managed = "peer", "narrow_audit", False

    class Mail(models.Model):  # type: ignore[misc]  # as above
        report = models.ForeignKey(Report, on_delete=models.PROTECT)
        recipient = models.TextField()
        facts = models.TextField()
        state = models.TextField(default="queued")
        created_at = models.TextField()

        class Meta:
            app_label, db_table, managed = "peer", "narrow_mail", False

    def sign(act: tuple[str, int, str]) -> None:
        ref, step, signer = act
        with transaction.atomic():
            report = Report.objects.get(ref=ref)
            if (report.first_signer, report.second_signer)[step] != signer:
                raise ValueError(ref)
            before = report.state
            (report.sign_first, report.sign_second)[step]()
            report.save()
            Audit.objects.create(report=report, actor=signer, before=before, after=report.state, at=AT)
            Mail.objects.create(report=report, recipient=report.second_signer, facts=FACTS, created_at=AT)

    return sign


def _set_up(url: str) -> None:
    import django
    from django.conf import settings

    settings.configure(DATABASES={"default": _database(url)}, INSTALLED_APPS=[], USE_TZ=True)
    django.setup()


def _database(url: str) -> dict[str, Any]:
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        safe = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
        options = {"init_command": safe, "transaction_mode": "IMMEDIATE"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(address.path), "OPTIONS": options}
    from psycopg.conninfo import conninfo_to_dict

    known = conninfo_to_dict(address.conninfo)
    named = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{django: known[libpq] for django, libpq in named.items() if known.get(libpq)},
    }
