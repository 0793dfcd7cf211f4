-- Sending at a rate: until when the slots of an application are taken (tables/send_pools.rs).
-- Lock: none. Back: drop the table.
CREATE TABLE send_pools (
    application_id BIGINT NOT NULL PRIMARY KEY,
    -- when the next slot would be if none were saved up
    next_us BIGINT NOT NULL
);
