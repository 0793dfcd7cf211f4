-- Who sent a message, as far as SPF, DKIM, DMARC and ARC told when it arrived: JSON as `security` shows it, NULL when
-- nothing was checked. Back: ALTER TABLE messages DROP COLUMN verdicts.
ALTER TABLE messages ADD COLUMN verdicts TEXT;
