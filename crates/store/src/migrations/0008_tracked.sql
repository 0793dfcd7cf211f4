-- What applications want to learn of what becomes of sent messages (tables/tracked.rs).
CREATE TABLE tracked (
    -- the copy in Sent
    message_id {key},
    grant_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    -- as it was asked for: {"opens":false,"links":false,"thread_replies":true,"label":"…"}
    options TEXT NOT NULL,
    label TEXT NOT NULL,
    -- whether replies are announced, and how many there have been
    thread_replies BIGINT NOT NULL,
    replies BIGINT NOT NULL
);
-- An arriving message asks for what its thread has.
CREATE INDEX tracked_in_thread ON tracked (grant_id, thread_id, message_id) WHERE thread_replies = 1;
-- It goes with the message.
{embedded only} CREATE TRIGGER tracked_forgets AFTER DELETE ON messages BEGIN DELETE FROM tracked WHERE message_id = OLD.id; END;
{shared only} ALTER TABLE tracked ADD CONSTRAINT tracked_goes_with_message FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE;
