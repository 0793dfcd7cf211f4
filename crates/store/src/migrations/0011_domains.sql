-- Domains with their own DNS: keys that sign, what was found, who else an account is, and who may administer by signature.

-- Keys with which a domain's mail is signed (tables/dkim_keys.rs).
CREATE TABLE dkim_keys (
    id {key},
    domain_id BIGINT NOT NULL REFERENCES domains (id),
    -- the name below `_domainkey` that the public half is published at: ph1, ph1e, ph2 …
    selector TEXT NOT NULL,
    -- rsa-sha256 or ed25519-sha256
    algorithm TEXT NOT NULL,
    -- bits of an RSA modulus; 0 for Ed25519
    bits BIGINT NOT NULL,
    -- PKCS #8, encrypted with the instance key; empty once it is retired
    private_key {bytes} NOT NULL,
    -- what is published: v=DKIM1; k=…; p=…
    record TEXT NOT NULL,
    -- pending (does not sign yet), active, retired (has signed, and its record is still looked up for a while)
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- when it was found in DNS first, and when it stopped to sign
    verified_at BIGINT,
    retired_at BIGINT,
    UNIQUE (domain_id, selector)
);

-- What the last look into DNS found, for each kind of record (tables/domain_checks.rs).
CREATE TABLE domain_checks (
    domain_id BIGINT NOT NULL REFERENCES domains (id),
    -- ownership, mx, spf …
    kind TEXT NOT NULL,
    -- pending, done or failed
    status TEXT NOT NULL,
    expected TEXT NOT NULL,
    found TEXT NOT NULL,
    message TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    -- since when it is not found any more although it was; NULL while it is
    failing_since BIGINT,
    PRIMARY KEY (domain_id, kind)
) {clustered};

-- Further addresses of accounts (tables/aliases.rs).
CREATE TABLE aliases (
    -- lower case; unique on the server, together with grants.email
    address TEXT NOT NULL PRIMARY KEY,
    grant_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) {clustered};
CREATE INDEX aliases_of_grant ON aliases (grant_id, created_at, address);

-- Who signs requests instead of showing an API key (tables/service_accounts.rs).
CREATE TABLE service_accounts (
    id {key},
    -- what a request names the key by
    kid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- SubjectPublicKeyInfo; the private half is nowhere here
    public_key {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT
);
-- Numbers that signed requests have used up.
CREATE TABLE signing_nonces (
    service_account_id BIGINT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (service_account_id, nonce)
) {clustered};
CREATE INDEX signing_nonces_expire ON signing_nonces (expires_at);
