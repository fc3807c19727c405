-- One row per event, and two for the Reconciler. Running this again does no harm, not even at the same moment: the lock
-- makes one wait for the other. It also brings the table of an earlier version up to date.
SELECT pg_advisory_xact_lock(hashtext('byzantine_webhook_records'));

CREATE TABLE IF NOT EXISTS byzantine_webhook_records (
	key         text        PRIMARY KEY,  -- the event's id
	token       bigint      NOT NULL,     -- of the last claim: its time in microseconds, or one more than the token before
	lease_until timestamptz NOT NULL,     -- of that claim; -infinity if it was given up
	done_at     timestamptz,              -- when the event was handled
	touched_at  timestamptz NOT NULL,     -- by whatever call; the retention begins here
	value       text                      -- the checkpoint and the Name of a Reconciler; null for events
) WITH (fillfactor = 80);

-- Purge finds old rows by their tokens. An index on touched_at would have to follow each update.
CREATE INDEX IF NOT EXISTS byzantine_webhook_records_token
	ON byzantine_webhook_records (token) WHERE value IS NULL;

-- Version 0.1 had that index, and full pages.
DO $$ BEGIN
	IF to_regclass('byzantine_webhook_records_touched_at') IS NOT NULL THEN
		DROP INDEX byzantine_webhook_records_touched_at;
		ALTER TABLE byzantine_webhook_records SET (fillfactor = 80);
	END IF;
END $$;
