"""What mailboxes kept is read as it is: folded headers, sub-folders, mbox files, and strangers' mails between."""

from pathlib import Path

import pytest

from notifications.mailbox import MailboxUnreadable, witnesses
from workflow.audit import Witness

HEAD = "ab" * 32


def a_mail(number: int, *, audit: str | None = None, sep: str = "\n") -> bytes:
    """A mail as a server delivered it."""
    bears = f"{number} {HEAD}" if audit is None else audit
    lines = ["Received: from mx.example", f"Message-ID: <{number}@kaoji.example>", f"X-Kaoji-Audit: {bears}", "", "文"]
    return sep.join(lines).encode()


def a_maildir(folder: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def test_read_and_unread_mails_and_those_in_folders_are_heard(tmp_path: Path) -> None:
    box = a_maildir(tmp_path / "box")
    a_maildir(box / ".Archive")
    (box / "new" / "1").write_bytes(a_mail(1))
    (box / "cur" / "2:2,S").write_bytes(a_mail(2, sep="\r\n"))
    (box / ".Archive" / "cur" / "3:2,S").write_bytes(a_mail(3))

    heard = sorted(witnesses(box), key=lambda one: one.seq)

    assert heard == [Witness(message_id=f"<{n}@kaoji.example>", seq=n, head=HEAD) for n in (1, 2, 3)]


@pytest.mark.parametrize("fold", ["\n ", "\n\t", "\r\n "])
def test_a_folded_header_is_one_line(tmp_path: Path, fold: str) -> None:
    box = a_maildir(tmp_path / "box")
    (box / "new" / "1").write_bytes(a_mail(7, audit=f"{fold}7{fold}{HEAD}"))

    assert [one.seq for one in witnesses(box)] == [7]


def test_other_mails_are_passed_over(tmp_path: Path) -> None:
    box = a_maildir(tmp_path / "box")
    (box / "new" / "1").write_bytes(b"Subject: lunch?\n\nnoon")
    (box / "new" / "2").write_bytes(a_mail(2, audit="nonsense"))
    (box / "new" / "3").write_bytes(b"\xff\xfe\x00")

    assert list(witnesses(box)) == []


def test_an_mbox_file_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    box = tmp_path / "sent.mbox"
    box.write_bytes(b"".join(b"From kaoji Thu Oct  8 09:30:00 2015\n" + a_mail(n) + b"\n\n" for n in (4, 5)))
    before = box.read_bytes()

    assert [one.seq for one in witnesses(box)] == [4, 5]
    assert box.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["sent.mbox"]


def test_what_is_no_mailbox_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.4")

    for path in (tmp_path, tmp_path / "letter.pdf", tmp_path / "none"):
        with pytest.raises(MailboxUnreadable) as refused:
            list(witnesses(path))
        assert str(path) in refused.value.message
        assert "Maildir" in refused.value.remedy
