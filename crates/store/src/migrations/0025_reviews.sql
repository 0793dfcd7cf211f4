-- The operator is told of bounces and of complaints, each by itself.
-- Lock: none worth naming, one column without a default is added. Back: drop it.
ALTER TABLE reputation ADD COLUMN reviewed_complaints BIGINT;
