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

-- Who looked at the original of a document, for ever.
CREATE TABLE looks (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	document TEXT NOT NULL CHECK (document <> ''),
	by       TEXT NOT NULL CHECK (trim(by) <> ''),
	at       TEXT NOT NULL
) STRICT;
CREATE TRIGGER looks_stay BEFORE UPDATE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are an audit trail: rows are never changed'); END;
CREATE TRIGGER looks_remain BEFORE DELETE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are an audit trail: rows are never deleted'); END;

CREATE TRIGGER deletions_stay BEFORE UPDATE ON deletions
BEGIN SELECT RAISE(ABORT, 'deletions are an audit trail: rows are never changed'); END;
CREATE TRIGGER deletions_remain BEFORE DELETE ON deletions
BEGIN SELECT RAISE(ABORT, 'deletions are an audit trail: rows are never deleted'); END;

-- version 3

-- Which runs ask people about their labels, and for how many.
CREATE TABLE reviews (
	run_id    TEXT PRIMARY KEY CHECK (run_id <> ''),
	domain    TEXT NOT NULL CHECK (domain <> ''),
	wanted    INTEGER NOT NULL CHECK (wanted > 0),
	reviewers INTEGER NOT NULL CHECK (reviewers IN (1, 2)),
	elsewhere INTEGER NOT NULL,
	deadline  TEXT NOT NULL,
	opened    TEXT NOT NULL,
	closed    TEXT NOT NULL
) STRICT;

-- The documents that a run asks about. A source is an artifact that holds the
-- document with its suggested labels.
CREATE TABLE review_documents (
	run_id    TEXT NOT NULL REFERENCES reviews (run_id),
	document  TEXT NOT NULL,
	text_hash TEXT NOT NULL,
	source    TEXT NOT NULL,
	PRIMARY KEY (run_id, document)
) STRICT, WITHOUT ROWID;

-- The labels that are asked about, the one that needs a person most first.
CREATE TABLE review_tasks (
	run_id     TEXT NOT NULL,
	place      INTEGER NOT NULL,
	document   TEXT NOT NULL,
	item       TEXT NOT NULL,
	category   TEXT NOT NULL,
	confidence REAL NOT NULL,
	why        TEXT NOT NULL CHECK (why IN ('unsure', 'conflict', 'spot check')),
	PRIMARY KEY (run_id, place),
	UNIQUE (run_id, item),
	FOREIGN KEY (run_id, document) REFERENCES review_documents (run_id, document)
) STRICT, WITHOUT ROWID;

-- What people answered, for ever: places and categories, never text. An undo
-- is a row that names the one it undoes.
CREATE TABLE review_answers (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	domain       TEXT NOT NULL CHECK (domain <> ''),
	run_id       TEXT NOT NULL,
	document     TEXT NOT NULL CHECK (document <> ''),
	text_hash    TEXT NOT NULL CHECK (text_hash <> ''),
	item         TEXT NOT NULL,
	action       TEXT NOT NULL CHECK (action IN ('accept', 'fix', 'reject', 'add', 'complete', 'undo')),
	was_category TEXT NOT NULL,
	was_start    INTEGER NOT NULL,
	was_end      INTEGER NOT NULL,
	category     TEXT NOT NULL,
	start        INTEGER NOT NULL,
	end          INTEGER NOT NULL,
	attrs        TEXT NOT NULL CHECK (json_valid(attrs)),
	undoes       INTEGER NOT NULL,
	reviewer     TEXT NOT NULL CHECK (trim(reviewer) <> ''),
	informed     INTEGER NOT NULL CHECK (informed IN (0, 1)),
	seconds      REAL NOT NULL,
	at           TEXT NOT NULL
) STRICT;
CREATE INDEX review_answers_by_document ON review_answers (domain, document, id);

CREATE TRIGGER review_answers_stay BEFORE UPDATE ON review_answers
BEGIN SELECT RAISE(ABORT, 'answers are an audit trail: rows are never changed'); END;
CREATE TRIGGER review_answers_remain BEFORE DELETE ON review_answers
BEGIN SELECT RAISE(ABORT, 'answers are an audit trail: rows are never deleted'); END;

-- version 4

-- What each run trained and measured on. parent is the version before it over
-- the same folder, or ''.
CREATE TABLE datasets (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	domain    TEXT NOT NULL CHECK (domain <> ''),
	sha256    TEXT NOT NULL CHECK (length(sha256) = 64),
	ref       TEXT NOT NULL,
	documents TEXT NOT NULL,
	labeled   TEXT NOT NULL,
	run_id    TEXT NOT NULL CHECK (run_id <> ''),
	parent    TEXT NOT NULL,
	created   TEXT NOT NULL,
	UNIQUE (sha256, run_id)
) STRICT;
CREATE INDEX datasets_by_domain ON datasets (domain, id);
