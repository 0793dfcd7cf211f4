-- Full-text search: SQLite keeps the index in a file of its own (engine/sqlite/index/), beside the mail.
{embedded only} DROP TRIGGER search_forgets;
{embedded only} DROP TABLE search;
DROP TABLE search_backlog;
DROP TABLE search_wanted;

-- How far the index is, in one row.
{shared only} CREATE TABLE search_state (
-- Messages of before the index, newest first: those with keys below this are still to be indexed. NULL: there are none.
{shared only} id BIGINT NOT NULL PRIMARY KEY, below BIGINT,
-- they replace what is in the index; complete: it has had everything once; done, total: messages of them
{shared only} anew BIGINT NOT NULL, complete BIGINT NOT NULL, done BIGINT NOT NULL, total BIGINT NOT NULL);
{shared only} INSERT INTO search_state (id, below, anew, complete, done, total) VALUES (1, 9223372036854775807, 0, 0, 0, 0);

-- Accounts whose messages of before the index were indexed out of turn, because somebody searched.
{shared only} CREATE TABLE search_accounts (grant_id BIGINT NOT NULL PRIMARY KEY, complete BIGINT NOT NULL DEFAULT 0, gone BIGINT NOT NULL DEFAULT 0);
