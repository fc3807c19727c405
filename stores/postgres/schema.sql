-- The table has a row for each event, and two for the Reconciler. These statements may be run again, and by several
-- replicas at the same moment: the lock makes one wait for the other, if each runs them in one transaction. They also
-- bring the table of version 0.1 up to date.
SELECT pg_advisory_xact_lock(hashtext('byzantine_webhook_records'));

CREATE TABLE IF NOT EXISTS byzantine_webhook_records (
	key         text        PRIMARY KEY,  -- the event's id, or the name of a Reconciler's record
	token       bigint      NOT NULL,     -- of the last claim: its time in microseconds, or one more than the token before if that is larger
	lease_until timestamptz NOT NULL,     -- end of that claim's lease; -infinity if the claim was forgotten
	done_at     timestamptz,              -- when the event was recorded as handled; null if it was not
	touched_at  timestamptz NOT NULL,     -- when a call last claimed, changed or renewed the row; the retention counts from here
	value       text                      -- the checkpoint and the Name of a Reconciler; null for events
) WITH (fillfactor = 80);

-- Purge finds old rows by their tokens, because an index on touched_at would be written with each update.
CREATE INDEX IF NOT EXISTS byzantine_webhook_records_token
	ON byzantine_webhook_records (token) WHERE value IS NULL;

-- Version 0.1 had an index on touched_at, and pages without free space for updates.
DO $$ BEGIN
	IF to_regclass('byzantine_webhook_records_touched_at') IS NOT NULL THEN
		DROP INDEX byzantine_webhook_records_touched_at;
		ALTER TABLE byzantine_webhook_records SET (fillfactor = 80);
	END IF;
END $$;
