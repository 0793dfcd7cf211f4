"""Listing, filtering and reading messages: 205 of them, "Bulk 000" to "Bulk 204", and the letter."""

import base64
import uuid

from walking import READER, end, eventually, grant_id, nylas, refusal, step

BULK_COUNT = 205


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
    # P-2: lists come as a repeated parameter, booleans as True and False.
    assert [m.id for m in listed(any_email=["nobody@shop.example", "ZOE@shop.example"])] == [special.id]
    assert [m.id for m in listed(any_email="nobody@shop.example,zoe@shop.example")] == [special.id]
    assert [m.id for m in listed(thread_id=special.thread_id)] == [special.id]
    assert len(listed(**{"in": ["INBOX"], "unread": True, "limit": 200})) == 200
    assert listed(unread=False) == [] and len(listed(has_attachment=False, limit=1)) == 1
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


def selection():
    step("messages with select (P-10)")
    (row,) = nylas.messages.list(grant_id, {"subject": "Bulk 017", "select": "subject,folders"}).data
    assert (row.subject, len(row.folders), row.body, row.to) == ("Bulk 017", 1, None, None), row
    found = nylas.messages.find(grant_id, row.id, {"select": "subject"}).data
    assert (found.id, found.grant_id, found.object, found.subject) == (row.id, grant_id, "message", "Bulk 017")
    assert found.snippet is None and found.folders is None


def page_tokens():
    step("messages.list, a page token works with another limit (ALL-5)")
    query = {"limit": 7, "from": ["bulk@shop.example"]}
    first = nylas.messages.list(grant_id, query)
    second = nylas.messages.list(grant_id, {**query, "limit": 3, "page_token": first.next_cursor})
    assert (len(first.data), len(second.data)) == (7, 3)
    together = nylas.messages.list(grant_id, {**query, "limit": 10}).data
    assert [m.id for m in first.data + second.data] == [m.id for m in together]
    assert nylas.messages.list(grant_id, {"subject": "Bulk 204"}).next_cursor is None


def search():
    step("messages.list and threads.list with search_query_native")

    def found(resource):
        query = {"search_query_native": "rechnung OR (bulk 204)", "limit": 10, "unread": True}
        rows = resource.list(grant_id, query).data
        return rows if len(rows) == 2 else None

    # A committed message is searchable within a second, and the first search begins the index.
    messages = eventually("the search to find both", lambda: found(nylas.messages))
    assert {m.subject for m in messages} == {"Rechnung für Zoë", "Bulk 204"}
    threads = eventually("the threads of both", lambda: found(nylas.threads))
    assert {t.id for t in threads} == {m.thread_id for m in messages}
    refusal(
        lambda: nylas.messages.list(grant_id, {"search_query_native": "(unbalanced"}), 400, "invalid_request_error"
    )


def address_instead_of_id():
    step("the account's address instead of its id (ALL-7)")
    for identifier in (READER, "READER%40agents.localhost", f"email:{READER}"):
        (row,) = nylas.messages.list(identifier, {"subject": "Bulk 003"}).data
        assert row.grant_id == grant_id


messages()
selection()
page_tokens()
search()
address_instead_of_id()
end()
