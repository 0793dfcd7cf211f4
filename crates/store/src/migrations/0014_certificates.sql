-- Certificates that an authority issues (tables/certificates.rs), and what other domains say of their servers.

-- One certificate for each name.
CREATE TABLE certificates (
    name TEXT NOT NULL PRIMARY KEY,
    -- PEM: the certificate, then its issuers
    chain TEXT NOT NULL,
    -- PKCS #8, encrypted with the instance key
    private_key {bytes} NOT NULL,
    -- Unix seconds
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    stored_at BIGINT NOT NULL
) {clustered};

-- What is being done for a name: the order that is open at the authority, and when somebody looks next.
CREATE TABLE certificate_orders (
    name TEXT NOT NULL PRIMARY KEY,
    -- where the order is at the authority; NULL while none is open
    url TEXT,
    -- the key the order's certificate will be for: PKCS #8, encrypted with the instance key; NULL while none is open
    private_key {bytes},
    -- when it is due, in microseconds; a claim moves it to where the claim runs out
    due_us BIGINT NOT NULL,
    claimed BIGINT NOT NULL DEFAULT 0,
    claim_token BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    -- what the last failure was; empty after a success
    error TEXT NOT NULL DEFAULT ''
) {clustered};
CREATE INDEX certificate_orders_due ON certificate_orders (due_us);

-- Who we are to an authority.
CREATE TABLE acme_accounts (
    directory TEXT NOT NULL PRIMARY KEY,
    -- encrypted with the instance key
    credentials {bytes} NOT NULL,
    created_at BIGINT NOT NULL
) {clustered};

-- What an authority may come and ask any of our processes.
CREATE TABLE acme_challenges (
    token TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL
) {clustered};

-- MTA-STS policies of other domains (tables/mta_sts_policies.rs).
CREATE TABLE mta_sts_policies (
    domain TEXT NOT NULL PRIMARY KEY,
    policy_id TEXT NOT NULL,
    document TEXT NOT NULL,
    fetched_at BIGINT NOT NULL
) {clustered};
