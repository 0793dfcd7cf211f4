-- Rules, lists, and what was decided by them.
-- Lock: none worth naming, one column with a constant default is added. Back: drop what is made here.

-- Grows with every change of what governs a workspace's accounts: its policy, its rules, or what those say. What a process
-- made of them holds for as long as the number stays.
ALTER TABLE workspaces ADD COLUMN governance_version BIGINT NOT NULL DEFAULT 0;

-- What becomes of messages (tables/rules.rs). Which workspaces a rule acts in is in their rows.
CREATE TABLE rules (
    id {key},
    application_id BIGINT NOT NULL,
    -- what clients write: {"name":…,"match":{…},"actions":[…]}
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- GET /v3/rules, newest first
CREATE INDEX rules_of_application ON rules (application_id, id);

-- Lists that conditions of rules name (tables/lists.rs).
CREATE TABLE lists (
    id {key},
    application_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    -- 1: domains; 2: endings of domains; 3: addresses
    kind BIGINT NOT NULL,
    items_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- GET /v3/lists, newest first
CREATE INDEX lists_of_application ON lists (application_id, id);

CREATE TABLE list_items (
    id {key},
    list_id BIGINT NOT NULL,
    -- in the one spelling that is compared
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
-- Asked for every message that a rule with a list looks at; and each value once
CREATE UNIQUE INDEX list_items_of_value ON list_items (list_id, value);
-- GET /v3/lists/{id}/items
CREATE INDEX list_items_in_order ON list_items (list_id, id);

-- Deleted lists whose items are still to be removed, in small steps.
CREATE TABLE deleted_lists (
    list_id BIGINT NOT NULL PRIMARY KEY
);

-- What the rules of an account's workspace made of a message (tables/rule_evaluations.rs), written with the message.
CREATE TABLE rule_evaluations (
    -- shows the time
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    -- NULL: nothing was stored
    message_id BIGINT,
    -- 1: smtp_rcpt; 2: inbox_processing; 3: outbound_send
    stage BIGINT NOT NULL,
    -- 0: deliver; 1: block; 2: hold; 3: it could not be evaluated
    outcome BIGINT NOT NULL,
    -- {"evaluation_input":{…},"applied_actions":{…},"matched_rule_ids":[…]}
    document TEXT NOT NULL
);
-- GET .../rule-evaluations, newest first: all of them, and by each filter alone
CREATE INDEX rule_evaluations_of_grant ON rule_evaluations (grant_id, id);
CREATE INDEX rule_evaluations_of_stage ON rule_evaluations (grant_id, stage, id);
CREATE INDEX rule_evaluations_of_outcome ON rule_evaluations (grant_id, outcome, id) WHERE outcome <> 0;
CREATE INDEX rule_evaluations_of_message ON rule_evaluations (message_id) WHERE message_id IS NOT NULL;
