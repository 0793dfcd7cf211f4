-- Arriving mail as DMARC judged it, counted by day and domain until it is reported (tables/dmarc_seen.rs).
-- Lock: none, two new tables. Back: drop them.

-- A domain in a day.
CREATE TABLE dmarc_seen_domains (
    -- days since 1970-01-01, UTC
    day BIGINT NOT NULL,
    -- whose policy it was, as A-labels
    domain TEXT NOT NULL,
    -- how many rows below
    rows_kept BIGINT NOT NULL,
    -- Unix seconds from which on it may be reported
    due_at BIGINT NOT NULL,
    -- when that was done, or decided against; nothing is counted any more
    closed_at BIGINT,
    PRIMARY KEY (day, domain)
);
CREATE INDEX dmarc_seen_due ON dmarc_seen_domains (due_at) WHERE closed_at IS NULL;

-- Messages that were alike.
CREATE TABLE dmarc_seen_rows (
    day BIGINT NOT NULL,
    domain TEXT NOT NULL,
    -- hash of `about`
    digest TEXT NOT NULL,
    -- JSON: what they had in common
    about TEXT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (day, domain, digest)
);
