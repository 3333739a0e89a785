"""A dispatcher for tests, on the product's own mailer."""

from functools import cache

from notifications.dispatcher import Dispatcher, DispatchSettings
from notifications.mailer import SmtpMailer, SmtpSettings
from notifications.render import Renderer
from workflow.ports import Clock, Outbox


@cache
def warmed_before_forking() -> Renderer:
    """Its templates are compiled once, however many workers a test starts."""
    return Renderer("http://kaoji.office.example")


def a_dispatcher(outbox: Outbox, clock: Clock, port: int, *, connections: int = 2) -> Dispatcher:
    """Sends to a server on that port of loopback."""
    return Dispatcher(
        outbox,
        warmed_before_forking(),
        lambda: SmtpMailer(SmtpSettings(host="127.0.0.1", port=port, timeout_seconds=5)),
        DispatchSettings(sender="kaoji@office.example", sender_name="考绩", connections=connections),
        clock=clock,
        jitter=lambda: 0.5,
    )
