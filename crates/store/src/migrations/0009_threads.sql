-- Threads are listed, and their messages checked for flags and folders, from the index alone.
-- Lock: messages cannot be written while the index is built, about half a minute for a million. Back: the index as in 0001.
DROP INDEX messages_of_thread;
CREATE INDEX messages_of_thread ON messages (grant_id, thread_id, date_at, id, folder_id, unread, starred, has_attachment);
