-- Outgoing mail for other servers by destination: which destinations there are, and what is due there.
CREATE INDEX outbound_of_destination ON outbound (domain, due_us) WHERE is_local = 0 AND state < 3;

-- What events say of a sent message, whatever becomes of it or of its copy: kept while something may still be heard of it.
CREATE TABLE sendings (
    message_id {key},
    application_id BIGINT NOT NULL,
    -- 0: a domain sent it
    grant_id BIGINT NOT NULL,
    -- JSON object: subject, from, to, cc, bcc, sent_at, metadata
    about TEXT NOT NULL
);
CREATE INDEX sendings_of_grant ON sendings (grant_id);
