-- Messages that somebody has to approve before they go. Decided ones are shown for a while.
CREATE TABLE holds (
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    -- reserved for the copy in Sent, and the thread that it joins
    message_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    -- what is to be sent (mailroom: send/scheduled/payload.rs); NULL once it was sent
    blob_id BIGINT,
    -- 1: the payload is a finished source, the one file of an empty message
    is_source BIGINT NOT NULL,
    -- the draft that it was, in the state in which it was held
    draft_id BIGINT,
    draft_modseq BIGINT,
    -- the schedule whose time had come
    schedule_id BIGINT,
    -- what asked for approval: keys of rules and reasons in words, as JSON
    why TEXT NOT NULL,
    -- the message object without its body
    shown TEXT NOT NULL,
    -- 0: pending; 1: approved; 2: rejected; 3: expired
    state BIGINT NOT NULL,
    -- what who decided had to say
    note TEXT,
    -- Unix seconds
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT
);
CREATE INDEX holds_of_grant ON holds (grant_id, id);
CREATE INDEX holds_of_application ON holds (application_id, id);
-- What nobody decided in time
CREATE INDEX holds_due ON holds (expires_at) WHERE state = 0;
-- Records that have served their time
CREATE INDEX holds_decided ON holds (decided_at) WHERE decided_at IS NOT NULL;
-- The sweep asks whether a blob is still needed.
CREATE INDEX holds_of_blob ON holds (blob_id) WHERE blob_id IS NOT NULL;
-- A draft, and a schedule, waits for approval once.
CREATE UNIQUE INDEX holds_of_draft ON holds (draft_id) WHERE state = 0 AND draft_id IS NOT NULL;
CREATE UNIQUE INDEX holds_of_schedule ON holds (schedule_id) WHERE state = 0 AND schedule_id IS NOT NULL;
