"""The dispatcher of a process, put together from its settings."""

import random

from app.bootstrap import Running
from notifications.dispatcher import Dispatcher, DispatchSettings
from notifications.mailer import SmtpMailer, SmtpSettings
from notifications.render import Renderer


def dispatcher_for(running: Running, *, host: str | None = None, port: int | None = None) -> Dispatcher:
    """The dispatcher that sends this office's mail; `host` and `port` lead it to a sink instead."""
    mail = running.settings.mail
    raise NotImplementedError(
        f"{mail} {host} {port} {random} {Dispatcher} {DispatchSettings} {SmtpMailer} {SmtpSettings} {Renderer}"
    )
