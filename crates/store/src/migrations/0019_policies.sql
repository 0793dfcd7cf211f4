-- Policies, and what is used up of the limits they set.
-- Lock: an index over workspaces, which are few; the tables are new. Back: drop what is made here.

-- What accounts may send, receive and keep (tables/policies.rs).
CREATE TABLE policies (
    id {key},
    application_id BIGINT NOT NULL,
    -- what somebody wrote: a JSON object
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- GET /v3/policies, newest first
CREATE INDEX policies_of_application ON policies (application_id, id);
CREATE INDEX workspaces_of_policy ON workspaces (policy_id, id) WHERE policy_id IS NOT NULL;

-- What an account sent and received on a UTC day, where that is limited (tables/usage.rs).
CREATE TABLE usage_days (
    grant_id BIGINT NOT NULL,
    -- days since 1970
    day BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (grant_id, day)
);
CREATE INDEX usage_days_by_day ON usage_days (day);

-- What an application sent and received in a UTC month, where that is limited.
CREATE TABLE usage_months (
    application_id BIGINT NOT NULL,
    -- years times twelve, plus months
    month BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (application_id, month)
);
