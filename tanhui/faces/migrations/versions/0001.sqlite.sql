-- Made by tests.faces.migrations.rooms; see 0001_beginning.py.
-- room segments
CREATE TABLE segments (
  first BIGINT NOT NULL,
  width INTEGER NOT NULL CHECK (width > 0),
  leaves BLOB NOT NULL,
  PRIMARY KEY (first)
)
--
CREATE TABLE tiles (
  level INTEGER NOT NULL,
  position BIGINT NOT NULL,
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
  root BLOB NOT NULL CHECK (length(root) = 32),
  PRIMARY KEY (level, position)
)
--
CREATE TABLE checkpoints (
  size BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (size)
)
--
CREATE TABLE head (
  id INTEGER NOT NULL CHECK (id = 1),
  size BIGINT NOT NULL,
  at TEXT NOT NULL,
  frontier BLOB NOT NULL,
  state_sum BLOB NOT NULL,
  next_serial BIGINT NOT NULL,
  batch_count BIGINT NOT NULL,
  PRIMARY KEY (id)
)
--
CREATE TABLE requests (
  id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (position)
)
--
CREATE TABLE accounts (
  id TEXT NOT NULL,
  commitment TEXT NOT NULL,
  roles TEXT NOT NULL,
  region TEXT NOT NULL,
  PRIMARY KEY (id)
)
--
CREATE TABLE openings (
  commitment TEXT NOT NULL,
  salt BLOB NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (commitment)
)
--
CREATE TABLE claims (
  id TEXT NOT NULL,
  project TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day TEXT NOT NULL,
  imported BOOLEAN NOT NULL,
  document TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (id),
  CHECK (first_day <= last_day),
  UNIQUE (position)
)
--
CREATE INDEX claims_by_project ON claims (project, first_day)
--
CREATE TABLE imports (
  registry TEXT NOT NULL,
  id TEXT NOT NULL,
  first BIGINT NOT NULL,
  "end" BIGINT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (registry, id),
  CHECK ("end" > "first")
)
--
CREATE TABLE records (
  position BIGINT NOT NULL,
  topic TEXT NOT NULL,
  subject TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (position)
)
--
CREATE INDEX records_by_subject ON records (topic, subject)
--
CREATE TABLE used_orders (
  hash TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (hash)
)
--
CREATE TABLE proposals (
  request TEXT NOT NULL,
  act TEXT NOT NULL,
  arguments TEXT NOT NULL,
  people TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (request)
)
--
CREATE TABLE people (
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  commitment TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(account) REFERENCES accounts (id)
)
--
CREATE TABLE assets (
  id TEXT NOT NULL,
  unit TEXT NOT NULL,
  issuer TEXT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(issuer) REFERENCES accounts (id)
)
--
CREATE TABLE batches (
  id TEXT NOT NULL,
  claim TEXT NOT NULL,
  vintage INTEGER NOT NULL,
  first BIGINT NOT NULL,
  "end" BIGINT NOT NULL,
  PRIMARY KEY (id),
  CHECK ("end" > "first"),
  UNIQUE (claim, vintage),
  FOREIGN KEY(claim) REFERENCES claims (id),
  UNIQUE (first),
  UNIQUE ("end")
)
--
CREATE TABLE encumbrances (
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  beneficiary TEXT NOT NULL,
  target TEXT NOT NULL,
  priority INTEGER NOT NULL,
  expires TEXT NOT NULL,
  terms TEXT NOT NULL,
  assets TEXT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(account) REFERENCES accounts (id)
)
--
CREATE INDEX encumbrances_by_account ON encumbrances (account)
--
CREATE INDEX encumbrances_by_expiry ON encumbrances (expires)
--
CREATE TABLE keys (
  id TEXT NOT NULL,
  person TEXT NOT NULL,
  public TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(person) REFERENCES people (id)
)
--
CREATE TABLE holdings (
  first BIGINT NOT NULL,
  "end" BIGINT NOT NULL,
  batch TEXT NOT NULL,
  owner TEXT NOT NULL,
  locks TEXT NOT NULL,
  PRIMARY KEY (first),
  CHECK ("end" > "first"),
  UNIQUE ("end"),
  FOREIGN KEY(batch) REFERENCES batches (id)
)
--
CREATE INDEX holdings_by_owner ON holdings (owner, batch, locks, first)
--
CREATE TABLE locked (
  lock TEXT NOT NULL,
  first BIGINT NOT NULL,
  PRIMARY KEY (lock, first),
  FOREIGN KEY(lock) REFERENCES encumbrances (id)
)
--
CREATE TABLE amounts (
  asset TEXT NOT NULL,
  owner TEXT NOT NULL,
  locks TEXT NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (asset, owner, locks),
  CHECK (amount > 0 OR owner = '@issuance'),
  FOREIGN KEY(asset) REFERENCES assets (id)
)
--
CREATE TABLE endings (
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  batch TEXT NOT NULL,
  units BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(account) REFERENCES accounts (id),
  FOREIGN KEY(batch) REFERENCES batches (id),
  UNIQUE (position)
)
--
CREATE INDEX endings_by_batch ON endings (batch)
--
CREATE VIEW balances AS
SELECT owner, locks, batch, sum("end" - "first") AS units, count(*) AS intervals
FROM holdings GROUP BY owner, locks, batch
--
CREATE TRIGGER segments_no_UPDATE BEFORE UPDATE ON segments BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER segments_no_DELETE BEFORE DELETE ON segments BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER tiles_no_UPDATE BEFORE UPDATE ON tiles BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER tiles_no_DELETE BEFORE DELETE ON tiles BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER checkpoints_no_UPDATE BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER checkpoints_no_DELETE BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER requests_no_UPDATE BEFORE UPDATE ON requests BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER requests_no_DELETE BEFORE DELETE ON requests BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER claims_no_UPDATE BEFORE UPDATE ON claims BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER claims_no_DELETE BEFORE DELETE ON claims BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER batches_no_UPDATE BEFORE UPDATE ON batches BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER batches_no_DELETE BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER imports_no_UPDATE BEFORE UPDATE ON imports BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER imports_no_DELETE BEFORE DELETE ON imports BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER endings_no_UPDATE BEFORE UPDATE ON endings BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER endings_no_DELETE BEFORE DELETE ON endings BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER records_no_UPDATE BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER records_no_DELETE BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER used_orders_no_UPDATE BEFORE UPDATE ON used_orders BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER used_orders_no_DELETE BEFORE DELETE ON used_orders BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER encumbrances_no_UPDATE BEFORE UPDATE ON encumbrances BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER encumbrances_no_DELETE BEFORE DELETE ON encumbrances BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER holdings_no_UPDATE BEFORE UPDATE ON holdings BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END
--
CREATE TRIGGER segments_insert BEFORE INSERT ON segments BEGIN SELECT RAISE(ABORT, 'registry.append_only') WHERE NEW."first" <> coalesce((SELECT "first" + width FROM segments ORDER BY "first" DESC LIMIT 1), 0); END
--
CREATE TRIGGER batches_insert BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'registry.overlap') WHERE NEW."first" <> coalesce((SELECT max("end") FROM batches), 1); END
--
CREATE TRIGGER claims_insert BEFORE INSERT ON claims BEGIN SELECT RAISE(ABORT, 'registry.period_issued') WHERE NOT NEW.imported AND EXISTS (SELECT 1 FROM claims WHERE project = NEW.project AND NOT imported AND first_day <= NEW.last_day AND NEW.first_day <= last_day); END
--
CREATE TRIGGER imports_insert BEFORE INSERT ON imports BEGIN SELECT RAISE(ABORT, 'registry.overlap') WHERE EXISTS (SELECT 1 FROM imports WHERE registry = NEW.registry AND "first" < NEW."end" AND NEW."first" < "end"); END
--
CREATE TRIGGER holdings_insert BEFORE INSERT ON holdings BEGIN SELECT RAISE(ABORT, 'registry.overlap') WHERE coalesce((SELECT "end" FROM holdings WHERE "first" < NEW."first" ORDER BY "first" DESC LIMIT 1), 0) > NEW."first" OR EXISTS (SELECT 1 FROM holdings WHERE "first" > NEW."first" AND "first" < NEW."end"); SELECT RAISE(ABORT, 'registry.outside_batch') WHERE NOT EXISTS (SELECT 1 FROM batches WHERE id = NEW.batch AND "first" <= NEW."first" AND NEW."end" <= "end"); END
--
-- room access_people
CREATE TABLE access_people (
  id TEXT NOT NULL,
  password TEXT,
  made_at BIGINT NOT NULL,
  disabled_at BIGINT,
  PRIMARY KEY (id)
)
--
CREATE TABLE access_enrolments (
  id TEXT NOT NULL,
  grants TEXT NOT NULL,
  stored TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (id)
)
--
CREATE TABLE access_orders (
  key_id TEXT NOT NULL,
  request TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (length(digest) = 64),
  not_after BIGINT NOT NULL,
  PRIMARY KEY (key_id, request)
)
--
CREATE INDEX access_orders_by_end ON access_orders (not_after)
--
CREATE TABLE access_orders_forgotten (
  one INTEGER NOT NULL CHECK (one = 1),
  until BIGINT NOT NULL,
  PRIMARY KEY (one)
)
--
CREATE TABLE access_trail (
  position INTEGER NOT NULL,
  at BIGINT NOT NULL,
  who TEXT NOT NULL,
  act TEXT NOT NULL,
  outcome TEXT NOT NULL,
  request TEXT NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (position)
)
--
CREATE INDEX access_trail_by_person ON access_trail (who, position)
--
CREATE TRIGGER access_trail_no_UPDATE BEFORE UPDATE ON access_trail BEGIN SELECT RAISE(ABORT, 'access.append_only'); END
--
CREATE TRIGGER access_trail_no_DELETE BEFORE DELETE ON access_trail BEGIN SELECT RAISE(ABORT, 'access.append_only'); END
--
CREATE TABLE access_account_kinds (
  account TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('natural', 'legal')),
  PRIMARY KEY (account)
)
--
CREATE TABLE access_turnover (
  account TEXT NOT NULL,
  year INTEGER NOT NULL,
  fen BIGINT NOT NULL,
  PRIMARY KEY (account, year)
)
--
CREATE TABLE access_turnover_read (
  one INTEGER NOT NULL CHECK (one = 1),
  position BIGINT NOT NULL,
  PRIMARY KEY (one)
)
--
INSERT INTO access_turnover_read VALUES (1, 0)
--
CREATE TABLE access_sessions (
  digest TEXT NOT NULL CHECK (length(digest) = 64),
  who TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  idle_s BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  closed_at BIGINT,
  PRIMARY KEY (digest),
  FOREIGN KEY(who) REFERENCES access_people (id)
)
--
CREATE INDEX access_sessions_by_person ON access_sessions (who)
--
CREATE TABLE access_api_keys (
  id TEXT NOT NULL,
  who TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (length(digest) = 64),
  scopes TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  PRIMARY KEY (id),
  FOREIGN KEY(who) REFERENCES access_people (id)
)
--
CREATE INDEX access_api_keys_by_person ON access_api_keys (who)
--
-- room bridge_exports
CREATE TABLE bridge_exports (
  id TEXT NOT NULL,
  offer TEXT NOT NULL,
  lock TEXT NOT NULL,
  phase TEXT NOT NULL,
  minted TEXT NOT NULL,
  PRIMARY KEY (id)
)
--
CREATE TABLE bridge_imports (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  offer TEXT NOT NULL,
  minted TEXT NOT NULL,
  reasons TEXT NOT NULL,
  PRIMARY KEY (source, id)
)
--
-- room log_cosignatures
CREATE TABLE log_cosignatures (
  size BIGINT NOT NULL,
  witness TEXT NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (size, witness)
)
--
CREATE TABLE name_erasures (
  commitment TEXT NOT NULL,
  document TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  agreed_by TEXT NOT NULL,
  erased_at BIGINT,
  PRIMARY KEY (commitment)
)
--
-- room webhook_subscriptions
CREATE TABLE webhook_subscriptions (
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  cursor BIGINT NOT NULL,
  generation INTEGER NOT NULL,
  rotated_at BIGINT,
  made_at BIGINT NOT NULL,
  paused_at BIGINT,
  closed_at BIGINT,
  PRIMARY KEY (id)
)
--
CREATE TABLE webhook_turn (
  one INTEGER NOT NULL CHECK (one = 1),
  holder BIGINT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (one)
)
--
CREATE TABLE webhook_deliveries (
  subscription TEXT NOT NULL,
  position BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'done', 'dead')),
  outcome TEXT NOT NULL,
  PRIMARY KEY (subscription, position),
  FOREIGN KEY(subscription) REFERENCES webhook_subscriptions (id)
)
--
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (state, due_at)
--
INSERT INTO webhook_turn (one, holder, until) VALUES (1, 0, 0)
--
-- room land_parcels
CREATE TABLE land_parcels (
  id INTEGER NOT NULL,
  source TEXT NOT NULL,
  project TEXT NOT NULL,
  parcel TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day TEXT NOT NULL,
  held_until TEXT NOT NULL,
  area_m2 DOUBLE NOT NULL,
  west DOUBLE NOT NULL,
  south DOUBLE NOT NULL,
  east DOUBLE NOT NULL,
  north DOUBLE NOT NULL,
  wkb BLOB NOT NULL,
  PRIMARY KEY (id),
  CHECK (first_day <= last_day AND held_until <= last_day),
  CHECK (west <= east AND south <= north)
)
--
CREATE INDEX land_parcels_by_project ON land_parcels (project, source, parcel)
--
CREATE TABLE land_turn (
  id INTEGER NOT NULL CHECK (id = 1),
  taken BIGINT NOT NULL,
  PRIMARY KEY (id)
)
--
CREATE VIRTUAL TABLE land_boxes USING rtree(id, west, east, south, north)
--
CREATE TRIGGER land_parcels_boxed AFTER INSERT ON land_parcels BEGIN
  INSERT INTO land_boxes VALUES (NEW.id, NEW.west, NEW.east, NEW.south, NEW.north);
END
--
CREATE TRIGGER land_parcels_unboxed AFTER DELETE ON land_parcels BEGIN
  DELETE FROM land_boxes WHERE id = OLD.id;
END
--
CREATE TRIGGER land_parcels_stay BEFORE UPDATE ON land_parcels
WHEN NEW.held_until > OLD.held_until OR (NEW.id, NEW.source, NEW.project, NEW.parcel, NEW.first_day, NEW.last_day, NEW.area_m2, NEW.west, NEW.south, NEW.east, NEW.north, NEW.wkb) IS NOT (OLD.id, OLD.source, OLD.project, OLD.parcel, OLD.first_day, OLD.last_day, OLD.area_m2, OLD.west, OLD.south, OLD.east, OLD.north, OLD.wkb)
BEGIN SELECT RAISE(ABORT, 'land.append_only'); END
--
INSERT INTO land_turn (id, taken) VALUES (1, 0)
--
-- room lifecycle_projects
CREATE TABLE lifecycle_projects (
  id TEXT NOT NULL,
  book TEXT NOT NULL,
  state TEXT NOT NULL,
  day TEXT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (id),
  CHECK (events > 0)
)
--
CREATE TABLE lifecycle_events (
  project TEXT NOT NULL,
  number INTEGER NOT NULL,
  day TEXT NOT NULL,
  act TEXT NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (project, number),
  FOREIGN KEY(project) REFERENCES lifecycle_projects (id)
)
--
CREATE TABLE lifecycle_designs (
  sha256 TEXT NOT NULL,
  project TEXT NOT NULL,
  PRIMARY KEY (sha256),
  FOREIGN KEY(project) REFERENCES lifecycle_projects (id)
)
--
create trigger lifecycle_events_no_update before update on lifecycle_events begin select raise(abort, 'lifecycle.append_only'); end
--
create trigger lifecycle_events_no_delete before delete on lifecycle_events begin select raise(abort, 'lifecycle.append_only'); end
--
create trigger lifecycle_designs_no_update before update on lifecycle_designs begin select raise(abort, 'lifecycle.append_only'); end
--
create trigger lifecycle_designs_no_delete before delete on lifecycle_designs begin select raise(abort, 'lifecycle.append_only'); end
--
-- room tenure_rights
CREATE TABLE tenure_rights (
  commitment TEXT NOT NULL,
  project TEXT NOT NULL,
  parcel TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day TEXT NOT NULL,
  certified_m2 BIGINT NOT NULL CHECK (certified_m2 >= 0),
  carbon_authorised BOOLEAN NOT NULL,
  minutes_sha256 TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  supersedes TEXT,
  PRIMARY KEY (commitment),
  CONSTRAINT tenure_rights_term CHECK (first_day <= last_day),
  CONSTRAINT tenure_rights_authorised CHECK (carbon_authorised IN (0, 1)),
  UNIQUE (supersedes),
  FOREIGN KEY(supersedes) REFERENCES tenure_rights (commitment)
)
--
CREATE INDEX tenure_rights_by_project ON tenure_rights (project, parcel)
--
CREATE TABLE tenure_distributions (
  id TEXT NOT NULL,
  project TEXT NOT NULL,
  number INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  status TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day TEXT NOT NULL,
  amount_fen BIGINT NOT NULL,
  paid_fen BIGINT NOT NULL,
  payments_sha256 TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (project, number)
)
--
CREATE TABLE tenure_credited (
  project TEXT NOT NULL,
  parcel TEXT NOT NULL,
  event INTEGER NOT NULL,
  certified_m2 BIGINT NOT NULL,
  measured_m2 BIGINT NOT NULL,
  planted_m2 BIGINT NOT NULL,
  beyond TEXT NOT NULL,
  PRIMARY KEY (project, parcel, event),
  CONSTRAINT tenure_credited_areas CHECK (certified_m2 >= 0 AND measured_m2 >= 0 AND planted_m2 >= 0)
)
--
CREATE TABLE tenure_openings (
  commitment TEXT NOT NULL,
  salt BLOB NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (commitment),
  FOREIGN KEY(commitment) REFERENCES tenure_rights (commitment)
)
--
CREATE TABLE tenure_carried (
  distribution TEXT NOT NULL,
  account TEXT NOT NULL,
  fen BIGINT NOT NULL CHECK (fen > 0),
  PRIMARY KEY (distribution, account),
  FOREIGN KEY(distribution) REFERENCES tenure_distributions (id)
)
--
CREATE TRIGGER tenure_rights_no_UPDATE BEFORE UPDATE ON tenure_rights BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_rights_no_DELETE BEFORE DELETE ON tenure_rights BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_distributions_no_UPDATE BEFORE UPDATE ON tenure_distributions BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_distributions_no_DELETE BEFORE DELETE ON tenure_distributions BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_carried_no_UPDATE BEFORE UPDATE ON tenure_carried BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_carried_no_DELETE BEFORE DELETE ON tenure_carried BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_credited_no_UPDATE BEFORE UPDATE ON tenure_credited BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
CREATE TRIGGER tenure_credited_no_DELETE BEFORE DELETE ON tenure_credited BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END
--
-- room permanence_settlements
CREATE TABLE permanence_settlements (
  report TEXT NOT NULL,
  project TEXT NOT NULL,
  day TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (report)
)
--
CREATE INDEX ix_permanence_settlements_project ON permanence_settlements (project)
--
CREATE TRIGGER permanence_settlements_no_UPDATE BEFORE UPDATE ON permanence_settlements BEGIN SELECT RAISE(ABORT, 'permanence.append_only'); END
--
CREATE TRIGGER permanence_settlements_no_DELETE BEFORE DELETE ON permanence_settlements BEGIN SELECT RAISE(ABORT, 'permanence.append_only'); END
--
-- room compensation_payments
CREATE TABLE compensation_payments (
  request TEXT NOT NULL,
  contract TEXT NOT NULL,
  number INTEGER NOT NULL,
  amendment INTEGER NOT NULL,
  contract_sha256 TEXT NOT NULL,
  day TEXT NOT NULL,
  run TEXT NOT NULL,
  cause TEXT NOT NULL,
  evidence_sha256 TEXT NOT NULL,
  measured TEXT NOT NULL,
  items TEXT NOT NULL,
  fen BIGINT NOT NULL,
  document_sha256 TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  PRIMARY KEY (request),
  UNIQUE (contract, number)
)
--
CREATE TRIGGER compensation_payments_no_UPDATE BEFORE UPDATE ON compensation_payments BEGIN SELECT RAISE(ABORT, 'compensation.append_only'); END
--
CREATE TRIGGER compensation_payments_no_DELETE BEFORE DELETE ON compensation_payments BEGIN SELECT RAISE(ABORT, 'compensation.append_only'); END
--
