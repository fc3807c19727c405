-- One row per event, and one per Reconciler. Running this again does no harm, not even at the same moment: the lock makes
-- one wait for the other.
SELECT pg_advisory_xact_lock(hashtext('byzantine_webhook_records'));

CREATE TABLE IF NOT EXISTS byzantine_webhook_records (
	key         text        PRIMARY KEY,  -- the event's id
	token       bigint      NOT NULL,     -- of the last claim
	lease_until timestamptz NOT NULL,     -- of that claim; -infinity if it was given up
	done_at     timestamptz,              -- when the event was handled
	touched_at  timestamptz NOT NULL,     -- by whatever call; the retention begins here
	value       text                      -- the checkpoint of a Reconciler; null for events
);

CREATE INDEX IF NOT EXISTS byzantine_webhook_records_touched_at
	ON byzantine_webhook_records (touched_at) WHERE value IS NULL;
