"""Walks through the API with the official Python SDK, unmodified: only the base URL is ours.

The test that runs this has delivered 205 messages "Bulk 000" to "Bulk 204" and one with an attachment to the grant GRANT_ID, and answers
webhook challenges at HOOK_URL. Every step asserts; the name of the last one begun is printed, so that a failure says where it was.
"""

import base64
import os
import uuid
import warnings

from nylas import Client
from nylas.models.errors import NylasApiError, NylasOAuthError

BULK_COUNT = 205
ATTACHMENT_BYTES = bytes(range(256)) * 40

nylas = Client(os.environ["POSTHOUSE_API_KEY"], os.environ["POSTHOUSE_URL"])
grant_id = os.environ["GRANT_ID"]
hook_url = os.environ["HOOK_URL"]

# The SDK warns, and answers None, where a row of a list lacks a key it needs. That is a failure here.
warnings.simplefilter("error", RuntimeWarning)


def step(name):
    print(name, flush=True)


def refusal(call, status_code, error_type):
    """Returns the SDK's own error for a call that must be refused."""
    try:
        call()
    except NylasApiError as error:
        assert error.status_code == status_code, (error.status_code, str(error))
        assert error.type == error_type, (error.type, str(error))
        assert str(error), "an error without a message"
        assert uuid.UUID(error.request_id), "an error without a request id"
        return error
    raise AssertionError(f"expected {status_code} {error_type}")


def applications():
    step("applications.info and update")
    details = nylas.applications.info().data
    assert details.application_id and details.organization_id
    assert details.region in ("us", "eu")
    updated = nylas.applications.update({"branding": {"name": "Heron Bots"}}).data
    assert updated.branding.name == "Heron Bots"
    assert nylas.applications.info().data.branding.name == "Heron Bots"
    assert updated.application_id == details.application_id


def redirect_uris():
    step("applications.redirect_uris")
    uris = nylas.applications.redirect_uris
    created = uris.create({"url": "http://localhost:9007/python", "platform": "web"}).data
    assert created.id and created.platform == "web"
    assert uris.find(created.id).data.url == "http://localhost:9007/python"
    assert created.id in [uri.id for uri in uris.list().data]
    changed = uris.update(created.id, {"url": "http://localhost:9007/changed", "platform": "web"}).data
    assert changed.url == "http://localhost:9007/changed"
    assert uris.destroy(created.id).request_id
    refusal(lambda: uris.find(created.id), 404, "not_found_error")


def connectors():
    step("connectors")
    assert "nylas" in [connector.provider for connector in nylas.connectors.list().data]
    assert nylas.connectors.find("nylas").data.provider == "nylas"
    assert nylas.connectors.create({"name": "nylas", "provider": "nylas"}).data.provider == "nylas"
    assert nylas.connectors.update("nylas", {"name": "Agents"}).data.provider == "nylas"
    refusal(lambda: nylas.connectors.find("google"), 404, "not_found_error")
    refusal(lambda: nylas.connectors.create({"name": "g", "provider": "google"}), 400, "not_supported")


def custom_authentication():
    step("auth.custom_authentication")
    grant = nylas.auth.custom_authentication(
        {"provider": "nylas", "name": "Python Agent", "settings": {"email": "python-agent@agents.localhost"}}
    ).data
    assert grant.provider == "nylas" and grant.grant_status == "valid"
    assert grant.email == "python-agent@agents.localhost" and grant.scope == []
    error = refusal(
        lambda: nylas.auth.custom_authentication(
            {"provider": "nylas", "settings": {"email": "agent@nowhere.example"}}
        ),
        404,
        "api.not_found_error",
    )
    assert str(error) == "Provisioning the account failed: Domain not found", str(error)
    refusal(
        lambda: nylas.auth.custom_authentication(
            {"provider": "nylas", "settings": {"email": "weak@agents.localhost", "app_password": "short"}}
        ),
        400,
        "invalid_request_error",
    )
    return grant.id


def grants(own_id):
    step("grants")
    listed = nylas.grants.list({"limit": 200, "provider": "nylas"}).data
    assert {own_id, grant_id} <= {grant.id for grant in listed}
    by_address = nylas.grants.list({"email": "python-agent@agents.localhost"}).data
    assert [grant.id for grant in by_address] == [own_id]
    assert nylas.grants.find(own_id).data.email == "python-agent@agents.localhost"
    # The SDK's model has no display name; the Node walk looks at it.
    updated = nylas.grants.update(own_id, {"name": "Renamed"}).data
    assert updated.id == own_id and updated.updated_at >= updated.created_at
    assert nylas.grants.find("python-agent@agents.localhost").data.id == own_id
    assert nylas.grants.destroy(own_id).request_id
    refusal(lambda: nylas.grants.find(own_id), 404, "not_found_error")
    refusal(lambda: nylas.grants.find(str(uuid.uuid4())), 404, "not_found_error")


def messages():
    step("messages.list, page after page")
    subjects, token, pages = [], None, 0
    while True:
        query = {"limit": 50, "from": "bulk@shop.example"}
        if token:
            query["page_token"] = token
        page = nylas.messages.list(grant_id, query)
        assert len(page.data) <= 50
        subjects += [message.subject for message in page.data]
        pages += 1
        token = page.next_cursor
        if not token:
            break
    assert pages == 5, pages
    assert sorted(subjects) == [f"Bulk {number:03}" for number in range(BULK_COUNT)]

    step("messages.list with filters")

    def listed(**query):
        query = {"from" if key == "from_" else key: value for key, value in query.items()}
        return nylas.messages.list(grant_id, query).data

    assert len(listed(limit=5)) == 5
    assert [m.subject for m in listed(subject="bulk 017")] == ["Bulk 017"]
    (special,) = listed(from_="zoe@shop.example")
    assert special.subject == "Rechnung für Zoë", special.subject
    assert [m.id for m in listed(has_attachment=True)] == [special.id]
    assert [m.id for m in listed(any_email=["zoe@shop.example"])] == [special.id]
    assert [m.id for m in listed(thread_id=special.thread_id)] == [special.id]
    assert len(listed(**{"in": ["INBOX"], "unread": True, "limit": 200})) == 200
    assert listed(unread=False) == []
    assert listed(starred=True) == []
    assert listed(received_after=special.date + 86_400) == []
    assert [m.subject for m in listed(subject="Bulk 001", received_before=special.date + 86_400)] == ["Bulk 001"]

    step("messages.find")
    found = nylas.messages.find(grant_id, special.id).data
    assert found.id == special.id and found.grant_id == grant_id and found.object == "message"
    assert found.from_[0] == {"name": "Zoë Buyer", "email": "zoe@shop.example"}, found.from_
    assert found.to[0]["email"] == "reader@agents.localhost"
    assert "<b>Rechnung</b>" in found.body
    assert found.unread is True and found.starred is False and len(found.folders) == 1
    with_headers = nylas.messages.find(grant_id, special.id, {"fields": "include_headers"}).data
    names = [header.name.lower() for header in with_headers.headers]
    assert {"message-id", "subject", "from", "received", "return-path"} <= set(names), names
    raw = nylas.messages.find(grant_id, special.id, {"fields": "raw_mime"}).data.raw_mime
    mime = base64.urlsafe_b64decode(raw)
    assert b"\r\nX-Walk: kept as it came\r\n" in mime
    refusal(lambda: nylas.messages.find(grant_id, str(uuid.uuid4())), 404, "not_found_error")
    refusal(lambda: nylas.messages.list(grant_id, {"limit": "many"}), 400, "invalid_request_error")
    refusal(lambda: nylas.messages.list(str(uuid.uuid4())), 404, "not_found_error")
    return found


def folders(message):
    step("folders")
    listed = nylas.folders.list(grant_id).data
    assert [folder.name for folder in listed[:6]] == ["Inbox", "Sent", "Drafts", "Trash", "Junk", "Archive"]
    inbox = listed[0]
    assert message.folders == [inbox.id]
    assert inbox.total_count == BULK_COUNT + 1 and inbox.unread_count == BULK_COUNT + 1
    assert inbox.system_folder is True and "Inbox" in str(inbox.attributes)


def attachments(message):
    step("attachments")
    (attachment,) = message.attachments
    query = {"message_id": message.id}
    found = nylas.attachments.find(grant_id, attachment.id, query).data
    assert found.filename == "invoice.pdf" and found.content_type == "application/pdf", found
    assert found.size == len(ATTACHMENT_BYTES) and found.is_inline is False
    assert nylas.attachments.download_bytes(grant_id, attachment.id, query) == ATTACHMENT_BYTES
    streamed = nylas.attachments.download(grant_id, attachment.id, query)
    assert b"".join(streamed.iter_content(1000)) == ATTACHMENT_BYTES
    refusal(lambda: nylas.attachments.find(grant_id, str(uuid.uuid4()), query), 404, "not_found_error")


def contacts():
    step("contacts")
    created = nylas.contacts.create(
        grant_id,
        {
            "given_name": "Zoë",
            "surname": "Buyer",
            "birthday": "1984-02-29",
            "emails": [{"email": "zoe@shop.example", "type": "work"}],
            "phone_numbers": [{"number": "+49 30 1234", "type": "mobile"}],
        },
    ).data
    assert created.id and created.grant_id == grant_id and created.object == "contact"
    assert created.given_name == "Zoë" and created.emails[0].email == "zoe@shop.example", created
    assert nylas.contacts.find(grant_id, created.id).data.phone_numbers[0].number == "+49 30 1234"
    changed = nylas.contacts.update(grant_id, created.id, {"surname": "Seller"}).data
    assert changed.surname == "Seller" and changed.given_name == "Zoë"
    assert [c.id for c in nylas.contacts.list(grant_id, {"email": "ZOE@shop.example"}).data] == [created.id]
    assert nylas.contacts.list(grant_id, {"source": "inbox"}).data == []
    assert nylas.contacts.list_groups(grant_id).data == []
    assert nylas.contacts.destroy(grant_id, created.id).request_id
    refusal(lambda: nylas.contacts.find(grant_id, created.id), 404, "not_found_error")
    refusal(lambda: nylas.contacts.create(grant_id, {"nickname": "Z"}), 400, "invalid_request_error")


def webhooks():
    step("webhooks")
    created = nylas.webhooks.create(
        {
            "trigger_types": ["message.created"],
            "webhook_url": f"{hook_url}/python",
            "description": "walk",
            "notification_email_addresses": ["operator@shop.example"],
        }
    ).data
    assert len(created.webhook_secret) == 64 and created.status == "active"
    found = nylas.webhooks.find(created.id).data
    assert found.webhook_url == f"{hook_url}/python" and found.description == "walk"
    assert created.id in [webhook.id for webhook in nylas.webhooks.list().data]
    changed = nylas.webhooks.update(created.id, {"trigger_types": ["message.created", "grant.created"]}).data
    assert changed.trigger_types == ["message.created", "grant.created"] and changed.description == "walk"
    rotated = nylas.webhooks.rotate_secret(created.id).data
    assert len(rotated.webhook_secret) == 64 and rotated.webhook_secret != created.webhook_secret
    assert isinstance(nylas.webhooks.ip_addresses().data.ip_addresses, list)
    assert nylas.webhooks.destroy(created.id).data.status == "success"
    refusal(lambda: nylas.webhooks.find(created.id), 404, "not_found_error")
    refusal(
        lambda: nylas.webhooks.create(
            {"trigger_types": ["message.created"], "webhook_url": "http://127.0.0.1:1/nobody"}
        ),
        400,
        "70005",
    )


def other_errors():
    step("errors of a wrong key and of what is not offered")
    stranger = Client("phk_" + "0" * 43, os.environ["POSTHOUSE_URL"])
    refusal(lambda: stranger.grants.list(), 401, "unauthorized")
    try:
        nylas.auth.exchange_code_for_token(
            {"redirect_uri": "http://localhost", "code": "x", "client_id": "x", "client_secret": "x"}
        )
        raise AssertionError("tokens are not offered")
    except NylasOAuthError as error:
        assert error.status_code == 400 and error.error == "unsupported_grant_type", error.error


applications()
redirect_uris()
connectors()
grants(custom_authentication())
special_message = messages()
folders(special_message)
attachments(special_message)
contacts()
webhooks()
other_errors()
print("walked to the end")
