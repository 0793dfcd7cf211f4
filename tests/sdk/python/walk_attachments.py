"""Attachments of the letter."""

import uuid

from walking import end, grant_id, neighbour_id, nylas, refusal, step, the_letter

ATTACHMENT_BYTES = bytes(range(256)) * 40


def attachments(letter):
    step("attachments.find")
    (attachment,) = letter.attachments
    query = {"message_id": letter.id}
    found = nylas.attachments.find(grant_id, attachment.id, query).data
    assert found.filename == "invoice.pdf" and found.content_type == "application/pdf", found
    assert found.size == len(ATTACHMENT_BYTES) and found.is_inline is False and found.grant_id == grant_id

    step("attachments.download and download_bytes")
    assert nylas.attachments.download_bytes(grant_id, attachment.id, query) == ATTACHMENT_BYTES
    streamed = nylas.attachments.download(grant_id, attachment.id, query)
    assert streamed.headers["Content-Type"] == "application/pdf"
    assert b"".join(streamed.iter_content(1000)) == ATTACHMENT_BYTES

    step("attachments that are not there")
    unknown = str(uuid.uuid4())
    refusal(lambda: nylas.attachments.find(grant_id, unknown, query), 404, "not_found_error")
    refusal(lambda: nylas.attachments.download_bytes(grant_id, unknown, query), 404, "not_found_error")
    refusal(lambda: nylas.attachments.find(neighbour_id, attachment.id, query), 404, "not_found_error")
    refusal(lambda: nylas.attachments.find(grant_id, attachment.id, {}), 400, "invalid_request_error")


attachments(the_letter())
end()
