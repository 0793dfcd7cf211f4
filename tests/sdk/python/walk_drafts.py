"""Drafts: made, listed, changed, sent and thrown away."""

import base64
import uuid

from walking import NEIGHBOUR, arrived, end, grant_id, neighbour_id, nylas, refusal, step, the_letter

# The SDK changes from JSON to a form where files reach 3 MiB.
LARGE = bytes(range(256)) * 4 * 1024 * 3 + b"and one more"


def file(name, content, **more):
    encoded = base64.b64encode(content).decode()
    return {"filename": name, "content_type": "text/plain", "content": encoded, "size": len(content), **more}


def listed(**query):
    query = {"in" if key == "in_" else key: value for key, value in query.items()}
    return [draft.id for draft in nylas.drafts.list(grant_id, query).data]


def making():
    step("drafts.create, list and find")
    draft = nylas.drafts.create(
        grant_id,
        {
            "to": [{"name": "Neighbour", "email": NEIGHBOUR}],
            "cc": [{"email": "copy@shop.example"}],
            "subject": "A plan",
            "body": "<p>First thoughts</p>",
            "starred": True,
            "metadata": {"key1": "plan"},
            "attachments": [file("notes.txt", b"notes")],
        },
    ).data
    assert (draft.grant_id, draft.object, draft.subject) == (grant_id, "draft", "A plan")
    assert draft.to[0] == {"name": "Neighbour", "email": NEIGHBOUR} and draft.starred is True
    assert draft.metadata == {"key1": "plan"} and [a.filename for a in draft.attachments] == ["notes.txt"]
    assert draft.folders == [nylas.folders.find(grant_id, "drafts").data.id]
    found = nylas.drafts.find(grant_id, draft.id).data
    assert (found.id, found.body) == (draft.id, "<p>First thoughts</p>")
    empty = nylas.drafts.create(grant_id, {}).data
    assert listed() == [empty.id, draft.id], "newest change first"
    assert listed(subject="PLAN") == listed(starred=True) == listed(any_email=[NEIGHBOUR]) == [draft.id]
    assert listed(to=[NEIGHBOUR], has_attachment=True) == listed(metadata_pair={"key1": "plan"}) == [draft.id]
    first = nylas.drafts.list(grant_id, {"limit": 1})
    assert [one.id for one in first.data] == [empty.id]
    assert listed(limit=1, page_token=first.next_cursor) == [draft.id]
    # Drafts are not messages.
    refusal(lambda: nylas.messages.find(grant_id, draft.id), 404, "not_found_error")
    assert nylas.messages.list(grant_id, {"subject": "A plan"}).data == []
    refusal(lambda: nylas.drafts.find(neighbour_id, draft.id), 404, "not_found_error")
    refusal(lambda: nylas.drafts.find(grant_id, str(uuid.uuid4())), 404, "not_found_error")
    return draft


def attachments(draft):
    step("attachments of a draft")
    (attachment,) = draft.attachments
    query = {"message_id": draft.id}
    assert nylas.attachments.find(grant_id, attachment.id, query).data.filename == "notes.txt"
    assert nylas.attachments.download_bytes(grant_id, attachment.id, query) == b"notes"


def changing(draft):
    step("drafts.update")
    changed = nylas.drafts.update(grant_id, draft.id, {"subject": "The plan", "starred": False}).data
    assert (changed.id, changed.subject, changed.starred) == (draft.id, "The plan", False)
    assert changed.body == draft.body and [a.filename for a in changed.attachments] == ["notes.txt"]
    assert changed.to == draft.to and listed()[0] == draft.id, "changed last"
    replaced = nylas.drafts.update(grant_id, draft.id, {"attachments": [file("other.txt", b"other")]}).data
    assert [a.filename for a in replaced.attachments] == ["other.txt"] and replaced.subject == "The plan"


def large_files():
    step("drafts.create and update as forms, which the SDK sends well and then cannot read")
    large = {"filename": "large.bin", "content_type": "application/octet-stream", "content": LARGE, "size": len(LARGE)}
    for call in (
        lambda: nylas.drafts.create(grant_id, {"subject": "Large", "attachments": [dict(large)]}),
        lambda: nylas.drafts.update(grant_id, nylas.drafts.list(grant_id, {"subject": "Large"}).data[0].id,
                                    {"subject": "Large again", "attachments": [dict(large)]}),
    ):
        try:
            call()
            raise AssertionError("the SDK has learnt to read it: expect an answer here")
        except TypeError:
            pass
    (draft,) = nylas.drafts.list(grant_id, {"subject": "Large again"}).data
    query = {"message_id": draft.id}
    assert nylas.attachments.download_bytes(grant_id, draft.attachments[0].id, query) == LARGE
    assert nylas.drafts.destroy(grant_id, draft.id).request_id


def sending(draft):
    step("drafts.send")
    sent = nylas.drafts.send(grant_id, draft.id)
    message = sent.data
    assert (message.object, message.grant_id, message.subject) == ("message", grant_id, "The plan")
    assert message.id != draft.id
    refusal(lambda: nylas.drafts.find(grant_id, draft.id), 404, "not_found_error")
    there = arrived("The plan")
    assert [a.filename for a in there.attachments] == ["other.txt"] and there.body == draft.body
    step("drafts.send without a recipient")
    (empty,) = nylas.drafts.list(grant_id).data
    refusal(lambda: nylas.drafts.send(grant_id, empty.id), 400, "invalid_request_error")
    assert listed() == [empty.id], "what cannot be sent stays"
    assert nylas.drafts.destroy(grant_id, empty.id).request_id
    refusal(lambda: nylas.drafts.destroy(grant_id, empty.id), 404, "not_found_error")


def reply(letter):
    step("a draft that is a reply")
    draft = nylas.drafts.create(
        grant_id, {"to": letter.from_, "subject": "Re: Rechnung", "body": "Paid.", "reply_to_message_id": letter.id}
    ).data
    assert draft.thread_id == letter.thread_id
    thread = nylas.threads.find(grant_id, letter.thread_id).data
    assert thread.has_drafts is True and thread.draft_ids == [draft.id] and thread.message_ids == [letter.id]
    assert (thread.latest_draft_or_message.object, thread.latest_draft_or_message.id) == ("draft", draft.id)
    sent = nylas.drafts.send(grant_id, draft.id).data
    assert sent.thread_id == letter.thread_id
    thread = nylas.threads.find(grant_id, letter.thread_id).data
    assert thread.has_drafts is False and thread.draft_ids == [] and len(thread.message_ids) == 2
    assert thread.latest_draft_or_message.object == "message"


the_draft = making()
attachments(the_draft)
changing(the_draft)
large_files()
sending(the_draft)
reply(the_letter())
end()
