-- On PostgreSQL a search looks at the row of each match. Rows with their words were two kilobytes each; now the words are
-- kept beside the rows (rows above 2 kB are brought below the target), and where a word stands, in the subject or among
-- people and files, is a word of its own: the index answers that too. The index is filled again (search_state).
{shared only} DROP TABLE search;
{shared only} CREATE TABLE search (message_id BIGINT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE, words TSVECTOR NOT NULL) WITH (toast_tuple_target = 128);
{shared only} CREATE INDEX search_words ON search USING GIN (words);
{shared only} DELETE FROM search_accounts;
{shared only} UPDATE search_state SET below = 9223372036854775807, anew = 0, complete = 0, done = 0, total = 0;
