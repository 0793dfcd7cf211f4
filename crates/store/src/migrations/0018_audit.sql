-- What was decided, by whom and why: the audit log (tables/audit.rs).
-- Lock: none worth naming, the table is new. Back: drop it.

CREATE TABLE audit (
    -- shows the time
    id {key},
    application_id BIGINT NOT NULL,
    -- public id of an API key, service_account:…, smtp:… or system
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    -- public id, or an address; empty: there is none
    object_id TEXT NOT NULL,
    -- 0: no account's
    grant_id BIGINT NOT NULL,
    -- a JSON array of addresses; NULL: none
    recipients TEXT,
    policy_id BIGINT,
    -- a JSON array of public ids; NULL: none
    rule_ids TEXT,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    request_id TEXT NOT NULL
);
-- GET /v3/admin/audit, newest first: all of it, and by each filter alone
CREATE INDEX audit_of_application ON audit (application_id, id);
CREATE INDEX audit_of_grant ON audit (application_id, grant_id, id) WHERE grant_id <> 0;
CREATE INDEX audit_of_object ON audit (application_id, object_id, id) WHERE object_id <> '';
CREATE INDEX audit_of_actor ON audit (application_id, actor, id);
CREATE INDEX audit_of_action ON audit (application_id, action, id);
