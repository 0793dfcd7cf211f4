-- What an account sent on a day is counted always, and given back when nobody got it; what it received says how far it was
-- counted (tables/usage.rs, tables/sendings.rs).
-- Lock: columns with constant defaults; counters of received messages, which are few, are made anew. Back: drop the columns.

-- recipients who have the message or may yet get it; 0: nothing is given back
ALTER TABLE sendings ADD COLUMN unreached BIGINT NOT NULL DEFAULT 0;
-- days since 1970 that it counts for
ALTER TABLE sendings ADD COLUMN charged_day BIGINT NOT NULL DEFAULT 0;

-- hash of what limited the account when it was counted last; 0: look again
ALTER TABLE usage_days ADD COLUMN received_under BIGINT NOT NULL DEFAULT 0;
-- the newest message that is counted
ALTER TABLE usage_days ADD COLUMN received_to BIGINT NOT NULL DEFAULT 0;
UPDATE usage_days SET received = 0;
