"""A dispatcher for tests, on the product's own mailer."""

from notifications.dispatcher import Dispatcher, DispatchSettings
from notifications.mailer import SmtpMailer, SmtpSettings
from notifications.render import Renderer
from workflow.ports import Clock, Outbox


def a_dispatcher(outbox: Outbox, clock: Clock, port: int, *, connections: int = 2) -> Dispatcher:
    """Sends to a server on that port of loopback."""
    return Dispatcher(
        outbox,
        Renderer("http://kaoji.office.example"),
        lambda: SmtpMailer(SmtpSettings(host="127.0.0.1", port=port, timeout_seconds=5)),
        DispatchSettings(sender="kaoji@office.example", sender_name="考绩", connections=connections),
        clock=clock,
        jitter=lambda: 0.5,
    )
