"""Folders."""

import uuid

from walking import end, grant_id, nylas, refusal, step, the_letter

SYSTEM_FOLDERS = ["Inbox", "Sent", "Drafts", "Trash", "Junk", "Archive"]


def listing(letter):
    step("folders.list and find")
    listed = nylas.folders.list(grant_id).data
    assert [folder.name for folder in listed] == SYSTEM_FOLDERS
    inbox = listed[0]
    assert letter.folders == [inbox.id]
    assert (inbox.total_count, inbox.unread_count, inbox.child_count) == (2, 2, 0)
    assert inbox.system_folder is True and "\\Inbox" in inbox.attributes and inbox.object == "folder"
    assert nylas.folders.find(grant_id, inbox.id).data.name == "Inbox"
    assert nylas.folders.find(grant_id, inbox.id, query_params={"select": "name"}).data.total_count is None


def own_folders(letter):
    step("folders.create, update and destroy")
    created = nylas.folders.create(
        grant_id, {"name": "Clients", "text_color": "#101010", "background_color": "#fafafa"}
    ).data
    assert (created.grant_id, created.name, created.system_folder) == (grant_id, "Clients", False)
    assert (created.text_color, created.background_color) == ("#101010", "#fafafa")
    child = nylas.folders.create(grant_id, {"name": "Acme", "parent_id": created.id}).data
    assert child.parent_id == created.id and nylas.folders.find(grant_id, created.id).data.child_count == 1
    # The SDK does not encode folder ids (P-3): names work as long as they need no encoding.
    assert nylas.folders.find(grant_id, "clients").data.id == created.id

    def names(**query):
        return [folder.name for folder in nylas.folders.list(grant_id, query).data]

    assert names(parent_id=created.id) == ["Acme"]
    assert names(single_level=True) == [*SYSTEM_FOLDERS, "Clients"]
    assert names() == [*SYSTEM_FOLDERS, "Clients", "Acme"]

    moved = nylas.messages.update(grant_id, letter.id, {"folders": [child.id]}).data
    assert moved.folders == [child.id]
    assert [m.id for m in nylas.messages.list(grant_id, {"in": ["Clients/Acme"]}).data] == [letter.id]
    renamed = nylas.folders.update(grant_id, child.id, {"name": "Acme & Co"}).data
    assert (renamed.id, renamed.name, renamed.parent_id) == (child.id, "Acme & Co", created.id)
    assert (renamed.total_count, renamed.unread_count) == (1, 1)

    refusal(lambda: nylas.folders.create(grant_id, {"name": "INBOX"}), 400, "invalid_request_error")
    refusal(lambda: nylas.folders.create(grant_id, {"name": "Clients"}), 400, "invalid_request_error")
    refusal(lambda: nylas.folders.update(grant_id, "inbox", {"name": "x"}), 400, "invalid_request_error")
    refusal(lambda: nylas.folders.destroy(grant_id, "inbox"), 400, "invalid_request_error")
    refusal(lambda: nylas.folders.find(grant_id, str(uuid.uuid4())), 404, "not_found_error")

    assert nylas.folders.destroy(grant_id, created.id).request_id
    refusal(lambda: nylas.folders.find(grant_id, child.id), 404, "not_found_error")
    refusal(lambda: nylas.messages.find(grant_id, letter.id), 404, "not_found_error")
    assert names() == SYSTEM_FOLDERS


the_message = the_letter()
listing(the_message)
own_folders(the_message)
end()
