-- How mail leaves: what TLS it needs, where a domain's mail leaves from and how much a day, what an operator wants tried at once.
-- Lock: none worth naming, columns are added with constant defaults. Back: drop what is made here.

-- 0: as the policies of the receiving domain say; 1: verified TLS all the way (RFC 8689); 2: delivery matters more than TLS
ALTER TABLE outbound ADD COLUMN tls_need BIGINT NOT NULL DEFAULT 0;
-- Unix seconds at which the warm-up of its domain let it go; NULL where there is none, or it waits
ALTER TABLE outbound ADD COLUMN admitted_at BIGINT;

-- addresses of this host, separated by commas; empty: whatever the host chooses
ALTER TABLE domains ADD COLUMN source_addresses TEXT NOT NULL DEFAULT '';
-- recipients of other servers on each day, separated by commas; NULL: as many as there are
ALTER TABLE domains ADD COLUMN warm_up TEXT;
ALTER TABLE domains ADD COLUMN warm_up_started_at BIGINT;

-- How many recipients a domain that warms up was let go for (tables/warm_up.rs).
CREATE TABLE warm_up_days (
    domain_id BIGINT NOT NULL,
    -- days since 1970, UTC
    day BIGINT NOT NULL,
    admitted BIGINT NOT NULL,
    PRIMARY KEY (domain_id, day)
) {clustered};

-- Destinations that an operator wants tried at once, for every process that delivers (tables/outbound/retries.rs).
CREATE TABLE delivery_retries (
    domain TEXT NOT NULL PRIMARY KEY,
    asked_at_us BIGINT NOT NULL
) {clustered};
CREATE INDEX delivery_retries_of_late ON delivery_retries (asked_at_us);
