-- Outgoing mail: Unix seconds from which on passing failures are tried again. NULL until the first attempt: what waited for
-- other reasons has its whole time before it. Back: ALTER TABLE outbound DROP COLUMN tried_from.
ALTER TABLE outbound ADD COLUMN tried_from BIGINT;
-- Whether an attempt ended without an answer to the message, so that it may have been taken. Back: likewise.
ALTER TABLE outbound ADD COLUMN is_uncertain BIGINT NOT NULL DEFAULT 0;
-- The newest number that tells folders of an account apart (RFC 9051 2.3.1.1); each folder gets a greater one.
ALTER TABLE grants ADD COLUMN uid_validity BIGINT NOT NULL DEFAULT 0;
