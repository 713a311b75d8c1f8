"""The sink holds what was sent, byte for byte, by recipient: other tests rely on it."""

import smtplib

import pytest

from tests.mta.sink import HOST, Sink

MAIL = b"From: a@example.org\r\nSubject: x\r\n\r\n..dots\r\n\xff" + b"x" * 5000 + b"\r\n"


def test_each_recipient_has_his_mails_in_order() -> None:
    with Sink() as sink, smtplib.SMTP(HOST, sink.port) as client:
        client.sendmail("list@example.org", ["a@x.example", "B@x.example"], MAIL)
        client.sendmail("", ["b@x.example"], b"second\r\n")
        assert sink.wait("b@x.example", 2) == [MAIL, b"second\r\n"]
        assert sink.of("a@x.example") == [MAIL]
        assert [one.sender for one in sink.received] == ["list@example.org", ""]
        assert sink.addresses() == {"a@x.example", "b@x.example"}


def test_who_is_to_be_refused_is_refused_until_he_is_not() -> None:
    with Sink() as sink, smtplib.SMTP(HOST, sink.port) as client:
        sink.refuse["a@x.example"] = "451 4.3.0 later"
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("l@example.org", ["a@x.example"], MAIL)
        assert sink.received == []
        del sink.refuse["a@x.example"]
        client.sendmail("l@example.org", ["a@x.example"], MAIL)
        assert sink.of("a@x.example") == [MAIL]


def test_a_sink_that_has_ended_takes_nothing_and_may_start_again_at_its_port() -> None:
    with Sink() as sink:
        port = sink.port
    with pytest.raises(OSError):
        smtplib.SMTP(HOST, port)
    with Sink(port), smtplib.SMTP(HOST, port) as client:
        client.noop()
