"""Sending: JSON, forms with large files, raw MIME and replies; what arrives at the neighbour is looked at too."""

import base64
import io
import uuid

from walking import NEIGHBOUR, arrived, end, eventually, grant_id, neighbour_id, nylas, refusal, step, the_letter

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# The SDK changes from JSON to a form where files reach 3 MiB.
LARGE = bytes(range(256)) * 4 * 1024 * 3 + b"and one more"


def file(name, content_type, content, **more):
    return {
        "filename": name,
        "content_type": content_type,
        "content": base64.b64encode(content).decode(),
        "size": len(content),
        **more,
    }


def downloaded(message, filename, at=neighbour_id):
    (attachment,) = [a for a in message.attachments if a.filename == filename]
    return nylas.attachments.download_bytes(at, attachment.id, {"message_id": message.id})


def json_below_three_mebibytes():
    step("messages.send, JSON with every field")
    sent = nylas.messages.send(
        grant_id,
        {
            "to": [{"name": "Neighbour", "email": NEIGHBOUR}],
            "cc": [{"email": "copy@shop.example"}],
            "bcc": [{"email": "hidden@shop.example"}],
            "reply_to": [{"name": "Desk", "email": "desk@shop.example"}],
            "from_": [{"name": "Walker", "email": "reader@agents.localhost"}],
            "subject": "Grüße aus JSON",
            "body": "<p>Look: <img src=\"cid:pixel\"> ☕</p>",
            "starred": True,
            "tracking_options": {"opens": False, "links": False, "thread_replies": False, "label": "walk"},
            "custom_headers": [{"name": "X-Walk", "value": "json"}],
            "metadata": {"key1": "sent"},
            "use_draft": False,
            "attachments": [
                file("pixel.gif", "image/gif", PIXEL, content_id="pixel", is_inline=True),
                {**file("notes.txt", "text/plain", b""), "content": io.BytesIO(b"from a stream"), "size": 13},
            ],
        },
    )
    message = sent.data
    assert message.grant_id == grant_id and message.object == "message" and message.id
    assert message.from_[0] == {"name": "Walker", "email": "reader@agents.localhost"}
    assert [person["email"] for person in message.bcc] == ["hidden@shop.example"]
    assert (message.starred, message.unread, message.metadata) == (True, False, {"key1": "sent"})
    assert nylas.messages.find(grant_id, message.id).data.thread_id == message.thread_id
    copies = nylas.messages.list(grant_id, {"in": ["SENT"], "metadata_pair": {"key1": "sent"}}).data
    assert [copy.id for copy in copies] == [message.id]

    there = arrived("Grüße aus JSON")
    assert there.from_[0]["name"] == "Walker" and there.reply_to[0]["email"] == "desk@shop.example"
    assert there.bcc == [] and "cid:pixel" in there.body and "☕" in there.body
    inline = [a for a in there.attachments if a.is_inline]
    assert [(a.content_id, a.content_type) for a in inline] == [("pixel", "image/gif")]
    assert downloaded(there, "pixel.gif") == PIXEL and downloaded(there, "notes.txt") == b"from a stream"
    with_headers = nylas.messages.find(neighbour_id, there.id, {"fields": "include_headers"}).data
    assert ("X-Walk", "json") in [(header.name, header.value) for header in with_headers.headers]


def form_from_three_mebibytes():
    step("messages.send, a form with Content-Length (P-7)")
    body = {
        "to": [{"email": NEIGHBOUR}],
        "subject": "As a form",
        "body": "<p><img src=\"cid:logo\"></p>",
        "metadata": {"key1": "form"},
        "attachments": [
            {"filename": "large.bin", "content_type": "application/octet-stream", "content": LARGE, "size": len(LARGE)},
            {"filename": "logo.gif", "content_type": "image/gif", "content": PIXEL, "size": len(PIXEL), "content_id": "logo"},
        ],
    }
    sent = nylas.messages.send(grant_id, body).data
    assert sent.grant_id == grant_id and sent.metadata == {"key1": "form"} and len(sent.attachments) == 2
    there = arrived("As a form")
    assert downloaded(there, "large.bin") == LARGE and downloaded(there, "logo.gif") == PIXEL
    by_name = {a.filename: a for a in there.attachments}
    assert by_name["logo.gif"].content_id == "logo" and by_name["logo.gif"].is_inline is True
    assert by_name["large.bin"].is_inline is False


def raw_mime():
    step("messages.send_raw_mime (P-8)")
    source = (
        "From: reader@agents.localhost\r\n"
        f"To: Neighbour <{NEIGHBOUR}>\r\n"
        "Bcc: hidden@shop.example\r\n"
        "Subject: As I wrote it\r\n"
        "X-Priority: 1\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n"
        "\r\n"
        "Grüße.\r\n"
    )
    sent = nylas.messages.send_raw_mime(grant_id, {"mime": source}).data
    assert sent.grant_id == grant_id and sent.subject == "As I wrote it" and sent.body.strip() == "Grüße."
    there = arrived("As I wrote it")
    raw = base64.urlsafe_b64decode(nylas.messages.find(neighbour_id, there.id, {"fields": "raw_mime"}).data.raw_mime)
    assert b"X-Priority: 1\r\n" in raw and b"hidden@shop.example" not in raw and b"\r\nMessage-ID: <" in raw
    as_bytes = source.replace("As I wrote it", "As bytes").encode()
    assert nylas.messages.send_raw_mime(grant_id, {"mime": as_bytes}).data.subject == "As bytes"
    foreign = source.replace("From: reader@", "From: neighbour@")
    refusal(lambda: nylas.messages.send_raw_mime(grant_id, {"mime": foreign}), 400, "invalid_request_error")


def replies(letter):
    step("messages.send, a reply")
    reply = {
        "to": letter.from_,
        "subject": f"Re: {letter.subject}",
        "body": "Paid.",
        "is_plaintext": True,
        "reply_to_message_id": letter.id,
    }
    sent = nylas.messages.send(grant_id, reply).data
    assert sent.thread_id == letter.thread_id
    thread = nylas.threads.find(grant_id, letter.thread_id).data
    assert set(thread.message_ids) == {letter.id, sent.id}
    refusal(
        lambda: nylas.messages.send(grant_id, {**reply, "reply_to_message_id": str(uuid.uuid4())}),
        400,
        "invalid_request_error",
    )


def repetition():
    step("messages.send, twice with an idempotency key")
    body = {"to": [{"email": NEIGHBOUR}], "subject": "Only once", "body": "x"}
    overrides = {"headers": {"Idempotency-Key": str(uuid.uuid4())}}
    first = nylas.messages.send(grant_id, dict(body), overrides)
    second = nylas.messages.send(grant_id, dict(body), overrides)
    assert first.data.id == second.data.id and second.headers["Idempotent-Response"] == "true"
    refusal(
        lambda: nylas.messages.send(grant_id, {**body, "subject": "Another"}, overrides),
        409,
        "api.invalid_idempotent_request",
    )
    arrived("Only once")


def refusals():
    step("messages.send, refused")

    def refused(**body):
        return refusal(lambda: nylas.messages.send(grant_id, body), 400, "invalid_request_error")

    refused(subject="to nobody")
    refused(to=[{"email": "no address"}])
    refused(to=[{"email": NEIGHBOUR}], from_=[{"email": NEIGHBOUR}])
    refused(to=[{"email": f"n{number}@shop.example"} for number in range(51)])
    refused(to=[{"email": NEIGHBOUR}], attachments=[{"filename": "a", "content_type": "text/plain", "content": "%%%"}])


json_below_three_mebibytes()
form_from_three_mebibytes()
raw_mime()
replies(the_letter())
repetition()
refusals()
end()
