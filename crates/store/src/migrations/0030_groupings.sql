-- Groupings of accounts by their domains that are not done yet (tables/groupings.rs).
-- Lock: none, a new table. Back: drop it.

CREATE TABLE groupings (
    id {key},
    application_id BIGINT NOT NULL,
    -- a JSON object: which accounts
    wish TEXT NOT NULL,
    -- the last account that was looked at
    behind BIGINT NOT NULL
);
