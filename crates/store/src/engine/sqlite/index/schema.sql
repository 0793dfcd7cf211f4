-- The search index's own file. What is in here can be made again from the messages at any time.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
-- Which message holds which words (engine/full_text/fts5.rs). FTS5 keeps no copy of the text, and its rowid is the message's key.
CREATE VIRTUAL TABLE search USING fts5 (subject, people, files, body, content='', contentless_delete=1, tokenize='ascii');
-- Room for what one commit adds: it becomes one stretch of the index, and fewer stretches have to be merged.
INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);
INSERT INTO search (search, rank) VALUES ('automerge', 8);
-- Accounts by the numbers that their words are marked with.
CREATE TABLE search_accounts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    grant_id BIGINT NOT NULL UNIQUE,
    complete BIGINT NOT NULL DEFAULT 0,
    gone BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX search_accounts_gone ON search_accounts (number) WHERE gone = 1;
-- One row; the columns are those of the table on the shared engine (migrations/0007_search.sql).
CREATE TABLE search_state (
    id BIGINT NOT NULL PRIMARY KEY,
    below BIGINT,
    anew BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    -- the installation whose messages these are
    organization BIGINT NOT NULL
);
CREATE TABLE cursors (
    name TEXT NOT NULL PRIMARY KEY,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
