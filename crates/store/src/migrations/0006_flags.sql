-- Filters on flags: an index for each flag that is set. A mailbox with few of them is not walked through to find them.
-- Lock: messages cannot be written while the indexes are built, about a minute for a million. Back: DROP INDEX.
CREATE INDEX messages_unread ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment) WHERE unread = 1;
CREATE INDEX messages_starred ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment) WHERE starred = 1;
CREATE INDEX messages_with_attachment ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment) WHERE has_attachment = 1;

-- Filters on subjects walk through the index instead of the rows, which are a hundred times as large. What an entry of an
-- index can hold is bounded, so that the column keeps the first 500 characters (limits.rs).
DROP INDEX messages_of_folder;
UPDATE messages SET subject = SUBSTR(subject, 1, 500) WHERE LENGTH(subject) > 500;
CREATE INDEX messages_of_folder ON messages (grant_id, folder_id, date_at, id, unread, starred, has_attachment, subject);
