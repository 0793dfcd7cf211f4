"""Sending for the domain of the application, without an account."""

import uuid

from walking import NEIGHBOUR, arrived, end, neighbour_id, nylas, refusal, step

DOMAIN = "walk.agents.localhost"
# The SDK changes from JSON to a form where files reach 3 MiB.
LARGE = bytes(range(256)) * 4 * 1024 * 3 + b"and one more"


def sending():
    step("transactional_send.send")
    body = {
        "to": [{"email": NEIGHBOUR}],
        "from_": {"name": "Desk", "email": f"desk@{DOMAIN}"},
        "subject": "From the domain",
        "body": "<p>Hello</p>",
        "reply_to": [{"email": "answers@shop.example"}],
        "metadata": {"key1": "v"},
    }
    overrides = {"headers": {"Idempotency-Key": str(uuid.uuid4())}}
    sent = nylas.transactional_send.send(DOMAIN, dict(body), overrides)
    assert (sent.data.grant_id, sent.data.object, sent.data.subject) == ("", "message", "From the domain")
    assert sent.data.from_ == [{"name": "Desk", "email": f"desk@{DOMAIN}"}]
    again = nylas.transactional_send.send(DOMAIN, dict(body), overrides)
    assert again.data.id == sent.data.id and again.headers["Idempotent-Response"] == "true"
    there = arrived("From the domain")
    assert there.from_[0]["name"] == "Desk" and there.reply_to[0]["email"] == "answers@shop.example"


def large_files():
    step("transactional_send.send, a form")
    large = {"filename": "large.bin", "content_type": "application/octet-stream", "content": LARGE, "size": len(LARGE)}
    nylas.transactional_send.send(
        DOMAIN,
        {"to": [{"email": NEIGHBOUR}], "from_": {"email": f"desk@{DOMAIN}"}, "subject": "Form", "attachments": [large]},
    )
    there = arrived("Form")
    query = {"message_id": there.id}
    assert nylas.attachments.download_bytes(neighbour_id, there.attachments[0].id, query) == LARGE


def refusals():
    step("transactional_send.send, refused")
    body = {"to": [{"email": NEIGHBOUR}], "subject": "Never"}
    refusal(lambda: nylas.transactional_send.send(DOMAIN, dict(body)), 400, "invalid_request_error")
    elsewhere = {**body, "from": {"email": "desk@shop.example"}}
    refusal(lambda: nylas.transactional_send.send(DOMAIN, elsewhere), 400, "invalid_request_error")
    here = {**body, "from": {"email": f"desk@{DOMAIN}"}}
    refusal(lambda: nylas.transactional_send.send("nowhere.example", here), 404, "not_found_error")


sending()
large_files()
refusals()
end()
