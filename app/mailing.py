"""The mail parts of a process, put together from its settings."""

import random

from app.bootstrap import Serving
from app.settings import MailSettings
from notifications.dispatcher import Dispatcher, DispatchSettings
from notifications.mailer import SmtpMailer, SmtpSettings
from notifications.render import Renderer


def dispatcher_for(running: Serving, *, sink: tuple[str, int] | None = None) -> Dispatcher:
    """The dispatcher of this office's outbox; to a sink on that host and port, where one is given."""
    mail = running.settings.mail
    smtp = smtp_settings(mail) if sink is None else SmtpSettings(host=sink[0], port=sink[1])
    return Dispatcher(
        running.database,
        Renderer(mail.link_base, salutation=mail.salutation),
        lambda: SmtpMailer(smtp),
        DispatchSettings(
            sender=mail.sender,
            sender_name=mail.sender_name,
            connections=mail.connections,
            attempts=mail.attempts,
            lease_seconds=mail.lease_seconds,
            longest_seconds=smtp.longest_seconds,
        ),
        clock=running.clock,
        jitter=random.random,
    )


def smtp_settings(mail: MailSettings) -> SmtpSettings:
    """How the mail server of that configuration is reached."""
    return SmtpSettings(
        host=mail.host,
        port=mail.port,
        tls=mail.tls,
        username=mail.username,
        password=mail.password,
        ca_file=mail.ca_file,
        timeout_seconds=mail.timeout_seconds,
    )


async def probe(mail: MailSettings) -> str:
    """What the mail server answers to a connection and to our sender. Raises ServerUnusable."""
    return await SmtpMailer(smtp_settings(mail)).probe(mail.sender)
