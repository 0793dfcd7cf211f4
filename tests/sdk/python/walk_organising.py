"""Changing, moving, deleting and cleaning messages, and metadata."""

import uuid

from walking import end, grant_id, nylas, refusal, step, the_letter


def flags(letter):
    step("messages.update, flags")
    changed = nylas.messages.update(grant_id, letter.id, {"unread": False, "starred": True}).data
    assert (changed.id, changed.unread, changed.starred) == (letter.id, False, True)
    assert [m.id for m in nylas.messages.list(grant_id, {"starred": True}).data] == [letter.id]
    assert [m.id for m in nylas.messages.list(grant_id, {"unread": False}).data] == [letter.id]
    again = nylas.messages.update(grant_id, letter.id, {"unread": True}).data
    assert (again.unread, again.starred) == (True, True), "what is left out stays"
    refusal(lambda: nylas.messages.update(grant_id, letter.id, {"unread": "no"}), 400, "invalid_request_error")
    refusal(lambda: nylas.messages.update(grant_id, str(uuid.uuid4()), {"unread": False}), 404, "not_found_error")


def metadata(letter):
    step("messages.update, metadata, and metadata_pair")
    changed = nylas.messages.update(grant_id, letter.id, {"metadata": {"key1": "order 42", "key2": "paid"}}).data
    assert changed.metadata == {"key1": "order 42", "key2": "paid"}
    other = nylas.messages.list(grant_id, {"subject": "Second"}).data[0]
    nylas.messages.update(grant_id, other.id, {"metadata": {"key1": "order 42"}})

    def with_pair(pairs):
        return {m.id for m in nylas.messages.list(grant_id, {"metadata_pair": pairs}).data}

    assert with_pair({"key1": "order 42"}) == {letter.id, other.id}
    assert with_pair({"key1": "order 42", "key2": "paid"}) == {letter.id}, "repeated pairs are all required (P-2)"
    assert with_pair("key2:paid") == {letter.id} and with_pair("key2:owed") == set()
    replaced = nylas.messages.update(grant_id, letter.id, {"metadata": {"key3": "x"}}).data
    assert replaced.metadata == {"key3": "x"}
    assert nylas.messages.update(grant_id, letter.id, {"metadata": {}}).data.metadata == {}
    assert with_pair({"key1": "order 42"}) == {other.id}
    refusal(lambda: nylas.messages.update(grant_id, letter.id, {"metadata": {"n": 1}}), 400, "invalid_request_error")
    refusal(lambda: with_pair({"key9": "x"}), 400, "invalid_request_error")


def moves(letter):
    step("messages.update, folders")
    ids = {folder.name: folder.id for folder in nylas.folders.list(grant_id).data}
    moved = nylas.messages.update(grant_id, letter.id, {"folders": [ids["Archive"]]}).data
    assert moved.folders == [ids["Archive"]]
    assert nylas.messages.update(grant_id, letter.id, {"folders": ["Inbox"]}).data.folders == [ids["Inbox"]]
    assert nylas.messages.update(grant_id, letter.id, {"folders": []}).data.folders == [ids["Archive"]]
    two = {"folders": [ids["Inbox"], ids["Junk"]]}
    refusal(lambda: nylas.messages.update(grant_id, letter.id, two), 400, "invalid_request_error")
    unknown = {"folders": [str(uuid.uuid4())]}
    refusal(lambda: nylas.messages.update(grant_id, letter.id, unknown), 400, "invalid_request_error")


def cleaning(letter):
    step("messages.clean_messages")
    other = nylas.messages.list(grant_id, {"subject": "Second"}).data[0]
    cleaned = nylas.messages.clean_messages(
        grant_id, {"message_id": [other.id, letter.id], "ignore_links": True, "remove_conclusion_phrases": True}
    )
    assert [m.id for m in cleaned.data] == [other.id, letter.id] and cleaned.next_cursor is None
    assert "Rechnung" in cleaned.data[1].conversation and cleaned.data[1].subject == letter.subject
    one_unknown = {"message_id": [letter.id, str(uuid.uuid4())]}
    refusal(lambda: nylas.messages.clean_messages(grant_id, one_unknown), 404, "not_found_error")
    refusal(lambda: nylas.messages.clean_messages(grant_id, {"message_id": []}), 400, "invalid_request_error")


def deletion(letter):
    step("messages.destroy, to the trash and for good")
    trash = nylas.folders.find(grant_id, "trash").data.id
    assert nylas.messages.destroy(grant_id, letter.id).request_id
    assert nylas.messages.find(grant_id, letter.id).data.folders == [trash]
    assert letter.id not in [m.id for m in nylas.messages.list(grant_id).data]
    assert [m.id for m in nylas.messages.list(grant_id, {"in": ["TRASH"]}).data] == [letter.id]
    assert nylas.messages.destroy(grant_id, letter.id).request_id
    refusal(lambda: nylas.messages.find(grant_id, letter.id), 404, "not_found_error")
    refusal(lambda: nylas.messages.destroy(grant_id, letter.id), 404, "not_found_error")


the_message = the_letter()
flags(the_message)
metadata(the_message)
cleaning(the_message)
moves(the_message)
deletion(the_message)
end()
