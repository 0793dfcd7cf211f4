-- The whole mailbox through the API: a section for each family of tables.

-- Contacts: the address book of an account.
CREATE TABLE contacts (
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    -- lower-case surname, a zero byte, lower-case given name: bytes, so that every engine sorts alike
    sort_key {bytes} NOT NULL,
    -- address_book or inbox
    source TEXT NOT NULL,
    -- the members that are set: {"v":1,"given_name":…,"emails":[…]}
    document TEXT NOT NULL,
    metadata TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX contacts_in_order ON contacts (grant_id, sort_key, id);

-- What a contact is found by: keyed hashes of addresses, telephone digits and metadata pairs (tables/contacts.rs).
CREATE TABLE contact_terms (
    grant_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    PRIMARY KEY (grant_id, term, contact_id)
) {clustered};
CREATE INDEX contact_terms_of_contact ON contact_terms (contact_id);

-- Outgoing mail: one row per message and envelope recipient, until it is delivered.
CREATE TABLE outbound (
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    -- the copy in the sender's mailbox, which may be gone
    message_id BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    envelope_from TEXT NOT NULL,
    recipient TEXT NOT NULL,
    -- the recipient's, as A-labels
    domain TEXT NOT NULL,
    -- the recipient's mailbox is on this server
    is_local BIGINT NOT NULL,
    -- 0: queued; 1: active; 2: deferred; 3: held; 4: captured
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- when it may be claimed: the time of the next attempt, or the end of the claim that is running
    due_us BIGINT NOT NULL,
    -- grows with every claim: what a holder who slept past its claim writes is refused
    claim_token BIGINT NOT NULL,
    last_reply TEXT,
    created_at BIGINT NOT NULL
);
-- The claim: what is due
CREATE INDEX outbound_due ON outbound (is_local, due_us) WHERE state < 3;
-- GET /v3/admin/queue, newest first
CREATE INDEX outbound_of_application ON outbound (application_id, id);
CREATE INDEX outbound_of_grant ON outbound (grant_id);
-- The sweep asks whether a blob is still needed.
CREATE INDEX outbound_of_blob ON outbound (blob_id);

-- Full-text search: which message holds which words (engine/full_text.rs). Filled from the change log; what is deleted is
-- gone from here in the same transaction. FTS5 keeps no copy of the text, and its rowid is the message's key.
{embedded only} CREATE VIRTUAL TABLE search USING fts5 (subject, people, files, body, content='', contentless_delete=1, tokenize='ascii');
{embedded only} CREATE TRIGGER search_forgets AFTER DELETE ON messages BEGIN DELETE FROM search WHERE rowid = OLD.id; END;
{shared only} CREATE TABLE search (message_id BIGINT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE, grant_id BIGINT NOT NULL, words TSVECTOR NOT NULL, head TSVECTOR NOT NULL);
{shared only} CREATE INDEX search_words ON search USING GIN (words);

-- Messages of before the index, newest first: those with keys below are still to be indexed. Without a row there are none.
CREATE TABLE search_backlog (
    id BIGINT NOT NULL PRIMARY KEY,
    below BIGINT NOT NULL
);
INSERT INTO search_backlog (id, below) VALUES (1, 9223372036854775807);

-- One row once somebody has searched; `ready` once the index has everything there was then.
CREATE TABLE search_wanted (
    id BIGINT NOT NULL PRIMARY KEY,
    ready BIGINT NOT NULL
);

-- Folders: colours as clients set them.
ALTER TABLE folders ADD COLUMN text_color TEXT;
ALTER TABLE folders ADD COLUMN background_color TEXT;

-- Deleted folders whose messages are still to be removed, in small steps.
CREATE TABLE deleted_folders (
    folder_id {key},
    grant_id BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL
);

-- When a message was moved to Trash or Junk, from where it goes for good after a while; NULL everywhere else.
ALTER TABLE messages ADD COLUMN set_aside_at BIGINT;
CREATE INDEX messages_set_aside ON messages (set_aside_at) WHERE set_aside_at IS NOT NULL;
