-- Filters on flags: an index for each flag that is set. A mailbox with few of them is not walked through to find them.
-- Lock: messages cannot be written while the indexes are built, about ten seconds for a million. Back: DROP INDEX.
CREATE INDEX messages_unread ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment) WHERE unread = 1;
CREATE INDEX messages_starred ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment) WHERE starred = 1;
CREATE INDEX messages_with_attachment ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment) WHERE has_attachment = 1;
