"""What is done about mails that did not arrive: sent again, to the receiver's present address, or taken note of.

Each is a fact of the audit, so that it can be proven later who did what. A mail keeps its Message-ID for life.
"""

from collections.abc import Sequence

from states import commands as c
from states import events as e
from states.errors import UnknownSubject, WrongActor, WrongContent, WrongState
from states.office import Office
from workflow.ports import Delivery, Message, Transaction


def attended(command: c.MailCommand, office: Office, tx: Transaction) -> e.MailsRetried | e.MailsAcknowledged:
    """Do it, and say what was done. Raises a subclass of `Refused`; then nothing was."""
    if command.actor not in office.person_by_id:
        raise WrongActor("no_such_person", person=command.actor)
    mails = [_dead(number, tx) for number in command.mails]
    if not mails:
        raise WrongContent("no_mail_named")
    match command:
        case c.RetryMails():
            return _sent_again(mails, office, tx)
        case c.AcknowledgeMails():
            for mail in mails:
                tx.acknowledge_mail(mail.id, by=command.actor, note=command.reason.strip())
            return e.MailsAcknowledged(messages=tuple(mail.message_id for mail in mails), reason=command.reason.strip())
    raise TypeError(f"not about mails: {command!r}")


def corrected(office: Office, tx: Transaction) -> e.MailsRetried | None:
    """Send again what died of an address that has since been corrected; what still waits goes to the new one too."""
    moved = [
        mail
        for mail in tx.unsent_mails()
        if mail.acknowledged_at is None
        and (person := office.person_by_id.get(mail.recipient)) is not None
        and person.email != mail.address
    ]
    return _sent_again(moved, office, tx) if moved else None


def _sent_again(mails: Sequence[Message], office: Office, tx: Transaction) -> e.MailsRetried:
    gone = [mail for mail in mails if mail.recipient not in office.person_by_id]
    if gone:
        raise WrongState("mail_receiver_gone", mail=gone[0].id, name=gone[0].name)
    addresses = [office.person_by_id[mail.recipient].email for mail in mails]
    for mail, address in zip(mails, addresses, strict=True):
        tx.resend_mail(mail.id, address)
    return e.MailsRetried(messages=tuple(mail.message_id for mail in mails), addresses=tuple(addresses))


def _dead(number: int, tx: Transaction) -> Message:
    mail = tx.mail(number)
    if mail is None:
        raise UnknownSubject("no_such_mail", mail=number)
    if mail.state is Delivery.SENT:
        raise WrongState("mail_sent", mail=number)
    if mail.state is not Delivery.DEAD:
        raise WrongState("mail_waits", mail=number)
    return mail
