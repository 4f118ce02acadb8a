-- The registry's schema, version by version. Opening a registry applies the
-- versions that its file does not have yet, each in one transaction; a version
-- that has been released is never edited, only followed by the next one.
--
-- Conventions: a reference is the JSON of an artifact.Ref, or '' for none;
-- a time is UTC text of fixed width (2006-01-02T15:04:05.000000Z), which sorts.

-- version 1

CREATE TABLE runs (
	id          TEXT PRIMARY KEY CHECK (id <> ''),
	domain      TEXT NOT NULL CHECK (domain <> ''),
	folder_hash TEXT NOT NULL,
	status      TEXT NOT NULL CHECK (status IN
		('running', 'waiting', 'promoted', 'rejected', 'failed', 'cancelled', 'unchanged')),
	cause       TEXT NOT NULL,
	started_by  TEXT NOT NULL,
	config      TEXT NOT NULL,
	summary     TEXT NOT NULL CHECK (json_valid(summary)),
	created     TEXT NOT NULL,
	updated     TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_time ON runs (created);

-- What each step made, by the hash of all that decides it.
CREATE TABLE steps (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL CHECK (json_valid(value)),
	made  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Documents that no run may train on.
CREATE TABLE frozen_test (
	domain   TEXT NOT NULL,
	document TEXT NOT NULL,
	frozen   TEXT NOT NULL,
	PRIMARY KEY (domain, document)
) STRICT, WITHOUT ROWID;

-- Documents that runs over a folder have used, for schedules.
CREATE TABLE seen_documents (
	domain   TEXT NOT NULL,
	folder   TEXT NOT NULL,
	document TEXT NOT NULL,
	seen     TEXT NOT NULL,
	PRIMARY KEY (domain, folder, document)
) STRICT, WITHOUT ROWID;

-- One model may serve several domains (as the base of each), so the domain is
-- part of the key.
CREATE TABLE models (
	domain   TEXT NOT NULL CHECK (domain <> ''),
	sha256   TEXT NOT NULL CHECK (length(sha256) = 64),
	ref      TEXT NOT NULL,
	name     TEXT NOT NULL UNIQUE,
	kind     TEXT NOT NULL CHECK (kind IN ('base', 'candidate')),
	parent   TEXT NOT NULL,
	run_id   TEXT NOT NULL,
	settings TEXT NOT NULL CHECK (json_valid(settings)),
	lineage  TEXT NOT NULL CHECK (json_valid(lineage)),
	metrics  TEXT NOT NULL CHECK (json_valid(metrics)),
	report   TEXT NOT NULL,
	created  TEXT NOT NULL,
	PRIMARY KEY (domain, sha256)
) STRICT;

-- Every move of a domain's champion, for ever.
CREATE TABLE promotions (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	domain   TEXT NOT NULL,
	sha256   TEXT NOT NULL,
	model    TEXT NOT NULL,
	previous TEXT NOT NULL,
	run_id   TEXT NOT NULL,
	by       TEXT NOT NULL CHECK (trim(by) <> ''),
	reason   TEXT NOT NULL CHECK (trim(reason) <> ''),
	kind     TEXT NOT NULL CHECK (kind IN ('first', 'gate', 'approval', 'rollback')),
	at       TEXT NOT NULL,
	FOREIGN KEY (domain, sha256) REFERENCES models (domain, sha256)
) STRICT;
CREATE INDEX promotions_by_domain ON promotions (domain, id);

-- Which model is live.
CREATE TABLE champions (
	domain    TEXT PRIMARY KEY,
	sha256    TEXT NOT NULL,
	promotion INTEGER NOT NULL REFERENCES promotions (id),
	FOREIGN KEY (domain, sha256) REFERENCES models (domain, sha256)
) STRICT;

-- What people decided about runs, for ever.
CREATE TABLE decisions (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	run_id  TEXT NOT NULL CHECK (run_id <> ''),
	approve INTEGER NOT NULL CHECK (approve IN (0, 1)),
	by      TEXT NOT NULL CHECK (trim(by) <> ''),
	reason  TEXT NOT NULL CHECK (trim(reason) <> ''),
	at      TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_run ON decisions (run_id, id);

CREATE TRIGGER promotions_stay BEFORE UPDATE ON promotions
BEGIN SELECT RAISE(ABORT, 'promotions are an audit trail: rows are never changed'); END;
CREATE TRIGGER promotions_remain BEFORE DELETE ON promotions
BEGIN SELECT RAISE(ABORT, 'promotions are an audit trail: rows are never deleted'); END;
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are an audit trail: rows are never changed'); END;
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are an audit trail: rows are never deleted'); END;

-- version 2

-- The documents that were read, so that those of a file or of a patient can be
-- found again. subject is a keyed hash of who the patient is, or ''.
CREATE TABLE documents (
	domain   TEXT NOT NULL,
	document TEXT NOT NULL CHECK (document <> ''),
	raw      TEXT NOT NULL,
	subject  TEXT NOT NULL,
	read     TEXT NOT NULL,
	PRIMARY KEY (domain, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_by_raw ON documents (raw);
CREATE INDEX documents_by_subject ON documents (subject);

-- What was deleted on request, for ever: it is not read again.
CREATE TABLE deletions (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	kind   TEXT NOT NULL CHECK (kind IN ('document', 'raw', 'subject')),
	value  TEXT NOT NULL CHECK (value <> ''),
	by     TEXT NOT NULL CHECK (trim(by) <> ''),
	reason TEXT NOT NULL CHECK (trim(reason) <> ''),
	at     TEXT NOT NULL,
	UNIQUE (kind, value)
) STRICT;

CREATE TRIGGER deletions_stay BEFORE UPDATE ON deletions
BEGIN SELECT RAISE(ABORT, 'deletions are an audit trail: rows are never changed'); END;
CREATE TRIGGER deletions_remain BEFORE DELETE ON deletions
BEGIN SELECT RAISE(ABORT, 'deletions are an audit trail: rows are never deleted'); END;
