"""Threads: the letter alone in one, and a conversation of two accounts in another."""

import uuid
import warnings

from walking import NEIGHBOUR, READER, arrived, end, grant_id, neighbour_id, nylas, refusal, step, the_letter


def conversation():
    """Has the reader ask and the neighbour answer; returns the question as the reader sent it."""
    step("messages.send, twice")
    question = nylas.messages.send(
        grant_id, {"to": [{"email": NEIGHBOUR}], "subject": "Walk together", "body": "<p>Tuesday?</p>"}
    ).data
    there = arrived("Walk together")
    nylas.messages.send(
        neighbour_id,
        {"to": there.from_, "subject": "Re: Walk together", "body": "Yes.", "reply_to_message_id": there.id},
    )
    arrived("Re: Walk together", at=grant_id)
    return question


def listing(question, letter):
    step("threads.list")
    listed = nylas.threads.list(grant_id).data
    assert [t.id for t in listed][0] == question.thread_id, "newest message first"
    assert {t.id for t in listed} >= {question.thread_id, letter.thread_id}

    def ids(**query):
        query = {"from" if key == "from_" else "in" if key == "in_" else key: value for key, value in query.items()}
        return [t.id for t in nylas.threads.list(grant_id, query).data]

    talk, single = question.thread_id, letter.thread_id
    assert ids(subject="walk together") == [talk]
    assert ids(any_email=f"nobody@shop.example,{NEIGHBOUR}") == [talk]
    assert ids(any_email=["nobody@shop.example", NEIGHBOUR]) == [talk]
    assert ids(from_="zoe@shop.example") == [single] and ids(to=NEIGHBOUR) == [talk]
    assert ids(has_attachment=True) == [single] and talk in ids(has_attachment=False)
    assert ids(in_="SENT") == [talk] and ids(thread_id=single) == [single]
    assert ids(latest_message_after=letter.date + 86_400) == []
    assert set(ids(latest_message_before=letter.date + 86_400)) >= {talk, single}
    first = nylas.threads.list(grant_id, {"limit": 1})
    rest = nylas.threads.list(grant_id, {"limit": 1, "page_token": first.next_cursor})
    assert first.data[0].id == talk and rest.data[0].id != talk
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is not selected is missing: the SDK warns, and answers None
        (row,) = nylas.threads.list(grant_id, {"subject": "walk together", "select": "subject,message_ids"}).data
    assert len(row.message_ids) == 2 and row.subject == "Walk together" and row.folders is None


def finding(question):
    step("threads.find")
    found = nylas.threads.find(grant_id, question.thread_id).data
    assert (found.id, found.grant_id, found.object) == (question.thread_id, grant_id, "thread")
    assert found.subject == "Walk together" and question.id in found.message_ids and len(found.message_ids) == 2
    assert {p["email"] for p in found.participants} == {READER, NEIGHBOUR}, found.participants
    assert (found.unread, found.starred, found.has_drafts, found.draft_ids) == (True, False, False, [])
    latest = found.latest_draft_or_message
    assert (latest.object, latest.grant_id, latest.subject) == ("message", grant_id, "Re: Walk together")
    assert found.latest_message_sent_date == question.date and found.earliest_message_date == question.date
    assert found.latest_message_received_date == latest.date and len(found.folders) == 2
    refusal(lambda: nylas.threads.find(grant_id, str(uuid.uuid4())), 404, "not_found_error")
    refusal(lambda: nylas.threads.find(neighbour_id, question.thread_id), 404, "not_found_error")
    return found


def changing(thread):
    step("threads.update")
    changed = nylas.threads.update(grant_id, thread.id, {"unread": False, "starred": True}).data
    assert (changed.unread, changed.starred) == (False, True)
    for message_id in thread.message_ids:
        message = nylas.messages.find(grant_id, message_id).data
        assert (message.unread, message.starred) == (False, True)
    assert [t.id for t in nylas.threads.list(grant_id, {"starred": True}).data] == [thread.id]
    archive = nylas.folders.find(grant_id, "archive").data.id
    assert nylas.threads.update(grant_id, thread.id, {"folders": ["Archive"]}).data.folders == [archive]
    unknown = str(uuid.uuid4())
    refusal(lambda: nylas.threads.update(grant_id, unknown, {"unread": False}), 404, "not_found_error")

    step("threads.destroy")
    trash = nylas.folders.find(grant_id, "trash").data.id
    assert nylas.threads.destroy(grant_id, thread.id).request_id
    assert nylas.messages.find(grant_id, thread.message_ids[0]).data.folders == [trash]
    assert nylas.threads.list(grant_id, {"subject": "walk together"}).data == []
    assert [t.id for t in nylas.threads.list(grant_id, {"in": "trash"}).data] == [thread.id]


the_question = conversation()
listing(the_question, the_letter())
changing(finding(the_question))
end()
