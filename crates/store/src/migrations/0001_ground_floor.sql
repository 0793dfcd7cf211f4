-- The ground floor: tenancy, mailboxes, change log, queues.
-- Lock: none worth naming, the store is empty. Back: delete the store.
-- Words in braces are this engine's types (engine/dialect.rs). Times are Unix seconds (`_at`) or microseconds (`_us`); booleans are 0 and 1.

-- One row: what the installation is. `id_secret` seals public ids; `starts` numbers the processes that opened the store.
CREATE TABLE installation (
    id BIGINT NOT NULL PRIMARY KEY,
    organization_id BIGINT NOT NULL,
    id_secret {bytes} NOT NULL,
    starts BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE applications (
    id {key},
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    environment TEXT NOT NULL,
    default_workspace_id BIGINT NOT NULL,
    -- {"v":1,"branding":{},"hosted_authentication":{},"idp_settings":{}}
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE callback_uris (
    id {key},
    application_id BIGINT NOT NULL REFERENCES applications (id),
    url TEXT NOT NULL,
    platform TEXT NOT NULL,
    settings TEXT,
    UNIQUE (application_id, platform, url)
);

CREATE TABLE api_keys (
    id {key},
    application_id BIGINT NOT NULL REFERENCES applications (id),
    name TEXT NOT NULL,
    -- SHA-256 of the whole key; the key itself is kept nowhere.
    digest {bytes} NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    read_only BIGINT NOT NULL,
    admin BIGINT NOT NULL,
    -- application, workspace or grant, and the key of that object
    scope_type TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX api_keys_of_application ON api_keys (application_id, id);

CREATE TABLE connectors (
    application_id BIGINT NOT NULL REFERENCES applications (id),
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (application_id, provider)
);

CREATE TABLE workspaces (
    id {key},
    application_id BIGINT NOT NULL REFERENCES applications (id),
    name TEXT NOT NULL,
    domain TEXT,
    auto_group BIGINT NOT NULL,
    is_default BIGINT NOT NULL,
    policy_id BIGINT,
    rule_ids TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (application_id, domain)
);

CREATE TABLE domains (
    id {key},
    -- A-label, lower case; unique on the server
    address TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- NULL: every application may create accounts on it
    application_id BIGINT REFERENCES applications (id),
    branded BIGINT NOT NULL,
    include_subdomains BIGINT NOT NULL,
    catch_all_grant_id BIGINT,
    verified_ownership BIGINT NOT NULL,
    verified_mx BIGINT NOT NULL,
    verified_spf BIGINT NOT NULL,
    verified_dkim BIGINT NOT NULL,
    verified_feedback BIGINT NOT NULL,
    verified_dmarc BIGINT NOT NULL,
    verified_arc BIGINT NOT NULL,
    last_checked_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE grants (
    id {key},
    application_id BIGINT NOT NULL REFERENCES applications (id),
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    -- lower case; unique on the server, so an address has one owner
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- bcrypt; NULL: no protocol access
    app_password_hash TEXT,
    plus_addressing BIGINT NOT NULL,
    -- NULL: not suspended; else accept, defer or reject, for inbound mail
    suspended_inbound TEXT,
    suspended_reason TEXT,
    last_activity_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- GET /v3/grants, newest first, and by last change
CREATE INDEX grants_of_application ON grants (application_id, id);
CREATE INDEX grants_by_change ON grants (application_id, updated_at, id);
CREATE INDEX grants_of_workspace ON grants (workspace_id, id);

-- Deleted accounts whose mail is still to be removed, in small steps.
CREATE TABLE deleted_grants (
    grant_id BIGINT NOT NULL PRIMARY KEY,
    application_id BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL
);

CREATE TABLE folders (
    id {key},
    grant_id BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    parent_id BIGINT,
    name TEXT NOT NULL,
    -- 0: custom; else the number of the system folder
    role BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL,
    highest_modseq BIGINT NOT NULL,
    total_count BIGINT NOT NULL,
    unread_count BIGINT NOT NULL,
    total_bytes BIGINT NOT NULL
);
CREATE INDEX folders_of_grant ON folders (grant_id, role, id);

-- Raw messages, once per application. `location` 0: in `data`, zstd; 1: in the blob store, zstd.
CREATE TABLE blobs (
    id {key},
    application_id BIGINT NOT NULL,
    hash {bytes} NOT NULL,
    size_bytes BIGINT NOT NULL,
    location BIGINT NOT NULL,
    data {bytes},
    UNIQUE (application_id, hash)
);

-- One wide row per message: everything a listing shows. The raw source is `trace` followed by the blob.
CREATE TABLE messages (
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    folder_id BIGINT NOT NULL,
    -- the id of the thread's first message
    thread_id BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    date_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    starred BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    has_attachment BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    -- of the whole source: trace and blob
    size_bytes BIGINT NOT NULL,
    -- lower case, for substring search
    subject TEXT NOT NULL,
    metadata TEXT,
    -- the lines above the blob that are this recipient's own
    trace {bytes} NOT NULL,
    -- a copy of the header section when the blob is not in the database
    header_section {bytes},
    -- where the attachments are in the blob: {"v":1,"attachments":[…]}; NULL when there are none
    parts TEXT,
    -- what never changes and every listing shows, as the members of a JSON object without its braces
    document_version BIGINT NOT NULL,
    document TEXT NOT NULL,
    -- a JSON string, ready to be sent; a long one is in `body_frame` instead, zstd-compressed
    body TEXT,
    body_frame {bytes}
);
-- Listings go folder by folder; flags are in the index so that filters on them read no row.
CREATE INDEX messages_of_folder ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment);
CREATE INDEX messages_of_thread ON messages (grant_id, thread_id, date_at, id);
-- The sweep asks whether a blob is still needed; retransmissions are recognised by it.
CREATE INDEX messages_of_blob ON messages (blob_id);

-- What a message can be found by: keyed hashes of addresses by role, Message-ID, normalised subject (tables/terms.rs).
CREATE TABLE message_terms (
    grant_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    date_at BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (grant_id, term, date_at, message_id)
) {clustered};

-- Deliveries whose 250 the peer has not shown to have read: a retransmission finds itself here.
CREATE TABLE receipts (
    message_id {key},
    digest BIGINT NOT NULL
);

-- The change log. Readers go by (tx, seq) with a cursor of their own.
CREATE TABLE changes (
    seq {sequence},
    tx BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    grant_id BIGINT,
    kind BIGINT NOT NULL,
    object_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    data TEXT
);
-- SQLite reads the log by its key, all of whose transactions are number 0.
{shared only} CREATE INDEX changes_in_order ON changes (tx, seq);

CREATE TABLE cursors (
    name TEXT NOT NULL PRIMARY KEY,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL
);

-- Names held by one process at a time; `token` grows with every new holder.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    until_us BIGINT NOT NULL
);

CREATE TABLE webhooks (
    id {key},
    application_id BIGINT NOT NULL REFERENCES applications (id),
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    -- JSON array of strings
    trigger_types TEXT NOT NULL,
    -- encrypted with the instance key
    secret {bytes} NOT NULL,
    -- active, pause, failing or failed
    status TEXT NOT NULL,
    compressed_delivery BIGINT NOT NULL,
    -- JSON array of strings
    notification_emails TEXT NOT NULL,
    -- application, workspace or grant, and the key of that object
    scope_type TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    include_junk BIGINT NOT NULL,
    status_updated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (application_id, url)
);

-- One row per event and destination. `state` 0: waiting; 1: succeeded; 2: failed; 3: skipped.
CREATE TABLE webhook_deliveries (
    id {key},
    application_id BIGINT NOT NULL,
    webhook_id BIGINT NOT NULL,
    grant_id BIGINT,
    -- the same for all destinations of an event
    event_id BIGINT NOT NULL,
    trigger_type TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- attempts made so far
    attempt BIGINT NOT NULL,
    -- when it may be claimed: the time of the next attempt, or the end of the claim that is running
    due_us BIGINT NOT NULL,
    claimed BIGINT NOT NULL,
    -- grows with every claim: what a holder who slept past its claim writes is refused
    claim_token BIGINT NOT NULL,
    -- the envelope of the first attempt
    body {bytes} NOT NULL,
    -- JSON array of {attempt, at, response_status, duration_ms, error}
    attempts TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
-- The claim: what is due, per destination
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_us) WHERE state = 0;
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id);

-- Answers kept for repeated requests. `status` 0: still running.
CREATE TABLE idempotency (
    application_id BIGINT NOT NULL,
    -- 0 for routes without a grant
    grant_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint {bytes} NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (application_id, grant_id, idempotency_key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
