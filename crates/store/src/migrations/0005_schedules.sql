-- Messages that are to be sent later. Closed ones are shown for a while.
CREATE TABLE schedules (
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    -- reserved for the copy in Sent, and the thread that it joins
    message_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    -- what is to be sent (mailroom: send/scheduled/payload.rs); NULL once closed
    blob_id BIGINT,
    -- Unix seconds
    send_at BIGINT NOT NULL,
    subject TEXT NOT NULL,
    -- the message object without its body, as events show it
    shown TEXT NOT NULL,
    -- 0: pending; 1: success; 2: failed; 3: cancelled
    state BIGINT NOT NULL,
    -- why it failed
    reason TEXT,
    -- when it may be claimed: its time, the time of the next attempt, or the end of the claim that is running
    due_us BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- grows with every claim: what a holder who slept past its claim writes is refused
    claim_token BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);
-- The claim: what is due
CREATE INDEX schedules_due ON schedules (due_us) WHERE state = 0;
CREATE INDEX schedules_of_grant ON schedules (grant_id, id);
-- The sweep asks whether a blob is still needed.
CREATE INDEX schedules_of_blob ON schedules (blob_id) WHERE blob_id IS NOT NULL;
-- Records that have served their time
CREATE INDEX schedules_closed ON schedules (closed_at) WHERE closed_at IS NOT NULL;
