-- Outgoing mail for mailboxes here by sender: who has any, and what is due of it.
CREATE INDEX outbound_of_local_sender ON outbound (is_local, grant_id, due_us) WHERE state < 3;

-- SQLite steps from one destination to the next only in an index that begins with everything they have in common.
DROP INDEX outbound_of_destination;
CREATE INDEX outbound_of_destination ON outbound (is_local, domain, due_us) WHERE state < 3;
