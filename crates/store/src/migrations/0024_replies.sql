-- Replies of accounts within the spans of the loop budget: by thread, and by the address that gets them.
CREATE TABLE reply_counts (
    grant_id BIGINT NOT NULL,
    -- 0: a thread, by its key; 1: an address, by its keyed hash
    kind BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    -- Unix microseconds
    at_us BIGINT NOT NULL,
    -- tells replies of the same microsecond apart
    message_id BIGINT NOT NULL,
    PRIMARY KEY (grant_id, kind, peer, at_us, message_id)
);
-- Records that have served their time
CREATE INDEX reply_counts_old ON reply_counts (at_us);
-- Threads and pairs that are stopped: told once until they go on
CREATE TABLE reply_stops (
    grant_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    -- Unix microseconds
    until_us BIGINT NOT NULL,
    PRIMARY KEY (grant_id, kind, peer)
);
CREATE INDEX reply_stops_old ON reply_stops (until_us);
