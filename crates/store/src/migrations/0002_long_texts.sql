-- Long texts are stored once, with their blob (docs/adr/0006).

-- A long body that stands in the message as it is: it is left out of `data` and belongs before byte `text_at` of it.
ALTER TABLE blobs ADD COLUMN text_at BIGINT;
ALTER TABLE blobs ADD COLUMN text_frame {bytes};

-- From `document_version` 2 on, `body_frame` is the text itself; before, it was a JSON string. Where neither `body` nor
-- `body_frame` is set, the body is the blob's `text_frame`.
