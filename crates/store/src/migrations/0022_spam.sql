-- What was taught by moving messages to and from Junk (tables/spam.rs). Words are kept as keyed hashes only.
-- Lock: none, tables are made. Back: drop them.

-- Moves that are still to be learned, the newest of each message.
CREATE TABLE spam_lessons (
    message_id {key},
    grant_id BIGINT NOT NULL,
    -- 1: spam; 2: wanted
    verdict BIGINT NOT NULL,
    taught_us BIGINT NOT NULL
);
CREATE INDEX spam_lessons_in_order ON spam_lessons (taught_us, message_id);

-- What was learned of a message, and where: unlearned when it moves back.
CREATE TABLE spam_learned (
    message_id {key},
    workspace_id BIGINT NOT NULL,
    verdict BIGINT NOT NULL,
    learned_at BIGINT NOT NULL
);
CREATE INDEX spam_learned_by_age ON spam_learned (learned_at);

-- How many messages a workspace has learned from, and how many features it knows.
CREATE TABLE spam_corpora (
    workspace_id {key},
    spam BIGINT NOT NULL,
    ham BIGINT NOT NULL,
    features BIGINT NOT NULL
);

-- In how many of them each feature was.
CREATE TABLE spam_features (
    workspace_id BIGINT NOT NULL,
    feature BIGINT NOT NULL,
    spam BIGINT NOT NULL,
    ham BIGINT NOT NULL,
    -- days since 1970
    taught_day BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, feature)
) {clustered};
-- The oldest are forgotten first.
CREATE INDEX spam_features_by_age ON spam_features (workspace_id, taught_day);
