-- What follows from outgoing mail: suppressions, reports about it, reputation and pauses.
-- Lock: none worth naming, one column without a default is added. Back: drop what is made here.

-- Addresses that nothing is sent to (tables/suppressions.rs).
CREATE TABLE suppressions (
    id {key},
    application_id BIGINT NOT NULL,
    -- 0: the whole application
    workspace_id BIGINT NOT NULL,
    -- lower case
    address TEXT NOT NULL,
    reason BIGINT NOT NULL,
    source_message_id BIGINT,
    created_at BIGINT NOT NULL,
    -- NULL: never
    expires_at BIGINT
);
-- Asked at every send.
CREATE UNIQUE INDEX suppressions_of_address ON suppressions (application_id, address, workspace_id);
-- GET /v3/suppressions, newest first
CREATE INDEX suppressions_of_application ON suppressions (application_id, id);
CREATE INDEX suppressions_expire ON suppressions (expires_at) WHERE expires_at IS NOT NULL;

-- Mail that another server took, for as long as reports about it may come (tables/dispatched.rs).
CREATE TABLE dispatched (
    -- the key that its row in the queue had
    id {key},
    application_id BIGINT NOT NULL,
    -- 0: a domain sent it
    grant_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    sender_domain TEXT NOT NULL,
    recipient TEXT NOT NULL,
    dispatched_at BIGINT NOT NULL,
    -- what was told of it since
    bounced_at BIGINT,
    complained_at BIGINT
);
-- A report names the recipient of a message.
CREATE INDEX dispatched_of_message ON dispatched (message_id);

-- How an application's mail fares over a window of recipients (tables/reputation.rs): how many were ever served, and the
-- troubles among the last ones.
CREATE TABLE reputation (
    application_id BIGINT NOT NULL PRIMARY KEY,
    served BIGINT NOT NULL,
    bounces BIGINT NOT NULL,
    complaints BIGINT NOT NULL,
    -- what `served` was when the operator was told last
    reviewed BIGINT NOT NULL
);
CREATE TABLE reputation_events (
    id {key},
    application_id BIGINT NOT NULL,
    -- 1: hard bounce; 2: complaint
    trouble BIGINT NOT NULL,
    -- what `served` was
    place BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    domain TEXT NOT NULL
);
CREATE INDEX reputation_events_of_application ON reputation_events (application_id, place);
-- Who caused how many of the events above.
CREATE TABLE reputation_shares (
    application_id BIGINT NOT NULL,
    trouble BIGINT NOT NULL,
    -- 1: an account; 2: a sending domain
    scope BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    domain TEXT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (application_id, trouble, scope, grant_id, domain)
);
CREATE INDEX reputation_shares_by_size ON reputation_shares (application_id, trouble, scope, events);

-- Who may not send (tables/pauses.rs).
CREATE TABLE pauses (
    id {key},
    application_id BIGINT NOT NULL,
    -- 1: an account; 2: a sending domain; 3: the application
    scope BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    domain TEXT NOT NULL,
    trouble BIGINT NOT NULL,
    events BIGINT NOT NULL,
    recipients BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- its mail is on its way back into the queue
    lifted_at BIGINT
);
CREATE UNIQUE INDEX pauses_in_force ON pauses (application_id, scope, grant_id, domain) WHERE lifted_at IS NULL;

-- Mail that a pause keeps is held, and says by which.
ALTER TABLE outbound ADD COLUMN pause_id BIGINT;
CREATE INDEX outbound_paused ON outbound (pause_id) WHERE pause_id IS NOT NULL;

-- Aggregate reports that receivers sent about domains (tables/domain_reports.rs).
CREATE TABLE domain_reports (
    id {key},
    -- as A-labels
    domain TEXT NOT NULL,
    -- 1: DMARC; 2: TLS
    kind BIGINT NOT NULL,
    organization TEXT NOT NULL,
    report_id TEXT NOT NULL,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    -- as the API shows it
    document TEXT NOT NULL
);
CREATE UNIQUE INDEX domain_reports_once ON domain_reports (domain, kind, organization, report_id);
-- GET .../domains/{domain_id}/reports, newest first; and how many came of late
CREATE INDEX domain_reports_of_domain ON domain_reports (domain, kind, id);
