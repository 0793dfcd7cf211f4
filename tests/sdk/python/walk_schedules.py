"""Messages that are sent later."""

import time
import uuid

from walking import NEIGHBOUR, end, grant_id, neighbour_id, nylas, refusal, step

HOUR = 3600


def scheduled():
    step("messages.send with send_at")
    send_at = int(time.time()) + HOUR
    answer = nylas.messages.send(
        grant_id, {"to": [{"email": NEIGHBOUR}], "subject": "Later", "body": "x", "send_at": send_at, "use_draft": True}
    )
    message = answer.data
    assert message.grant_id == grant_id and message.schedule_id and message.send_at == send_at
    # The id is reserved: the message is there once it is sent.
    refusal(lambda: nylas.messages.find(grant_id, message.id), 404, "not_found_error")
    assert nylas.messages.list(grant_id, {"in": ["SENT"]}).data == []
    return message


def listing(message):
    step("messages.list_scheduled_messages and find_scheduled_message")
    other = nylas.messages.send(
        grant_id, {"to": [{"email": NEIGHBOUR}], "subject": "Much later", "send_at": message.send_at + HOUR}
    ).data
    listed = nylas.messages.list_scheduled_messages(grant_id).data
    assert {one.schedule_id for one in listed} == {message.schedule_id, other.schedule_id}
    for one in listed:
        assert one.status.code == "pending" and one.status.description and one.close_time is None
    found = nylas.messages.find_scheduled_message(grant_id, message.schedule_id).data
    assert found.schedule_id == message.schedule_id and found.status.code == "pending"
    assert nylas.messages.list_scheduled_messages(neighbour_id).data == []
    unknown = str(uuid.uuid4())
    refusal(lambda: nylas.messages.find_scheduled_message(grant_id, unknown), 404, "not_found_error")
    refusal(
        lambda: nylas.messages.find_scheduled_message(neighbour_id, message.schedule_id), 404, "not_found_error"
    )


def stopping(message):
    step("messages.stop_scheduled_message")
    assert nylas.messages.stop_scheduled_message(grant_id, message.schedule_id).data.message
    found = nylas.messages.find_scheduled_message(grant_id, message.schedule_id).data
    assert found.status.code == "cancelled" and found.close_time <= int(time.time()) + 1, found
    refusal(
        lambda: nylas.messages.stop_scheduled_message(grant_id, message.schedule_id), 400, "invalid_request_error"
    )
    refusal(lambda: nylas.messages.stop_scheduled_message(grant_id, str(uuid.uuid4())), 404, "not_found_error")


def refusals():
    step("messages.send with a send_at that is refused")
    for send_at in (int(time.time()) - HOUR, int(time.time()) + 10, int(time.time()) + 31 * 24 * HOUR):
        body = {"to": [{"email": NEIGHBOUR}], "subject": "Never", "send_at": send_at}
        refusal(lambda: nylas.messages.send(grant_id, body), 400, "invalid_request_error")


the_message = scheduled()
listing(the_message)
stopping(the_message)
refusals()
end()
