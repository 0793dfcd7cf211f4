-- The row whose token is in the return path that mail left with; 0: it is not known (tables/dispatched.rs).
ALTER TABLE dispatched ADD COLUMN return_path BIGINT NOT NULL DEFAULT 0;

-- Whether anything of a message still waits is asked for every message that was sent.
CREATE INDEX outbound_of_message ON outbound (message_id);
