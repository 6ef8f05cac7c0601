-- Made by tests.faces.migrations.rooms; see 0001_beginning.py.
-- room segments
CREATE TABLE segments (
  first BIGINT NOT NULL,
  width INTEGER NOT NULL CHECK (width > 0),
  leaves BYTEA NOT NULL,
  PRIMARY KEY (first)
)
--
CREATE TABLE tiles (
  level INTEGER NOT NULL,
  position BIGINT NOT NULL,
  hashes BYTEA NOT NULL CHECK (length(hashes) = 8192),
  root BYTEA NOT NULL CHECK (length(root) = 32),
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
  frontier BYTEA NOT NULL,
  state_sum BYTEA NOT NULL,
  next_serial BIGINT NOT NULL,
  batch_count BIGINT NOT NULL,
  PRIMARY KEY (id)
)
--
CREATE TABLE requests (
  id TEXT NOT NULL,
  fingerprint BYTEA NOT NULL,
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
  salt BYTEA NOT NULL,
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
CREATE FUNCTION registry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry.append_only' USING ERRCODE = '23514'; END $$
--
ALTER TABLE holdings ADD CONSTRAINT registry_overlap EXCLUDE USING gist (int8range("first", "end") WITH &&)
--
CREATE TRIGGER segments_kept BEFORE UPDATE OR DELETE ON segments FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER tiles_kept BEFORE UPDATE OR DELETE ON tiles FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER checkpoints_kept BEFORE UPDATE OR DELETE ON checkpoints FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER requests_kept BEFORE UPDATE OR DELETE ON requests FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER claims_kept BEFORE UPDATE OR DELETE ON claims FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER batches_kept BEFORE UPDATE OR DELETE ON batches FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER imports_kept BEFORE UPDATE OR DELETE ON imports FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER endings_kept BEFORE UPDATE OR DELETE ON endings FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER records_kept BEFORE UPDATE OR DELETE ON records FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER used_orders_kept BEFORE UPDATE OR DELETE ON used_orders FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER encumbrances_kept BEFORE UPDATE OR DELETE ON encumbrances FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE TRIGGER holdings_kept BEFORE UPDATE ON holdings FOR EACH ROW EXECUTE FUNCTION registry_append_only()
--
CREATE FUNCTION registry_segments() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW."first" <> coalesce((SELECT "first" + width FROM segments ORDER BY "first" DESC LIMIT 1), 0) THEN RAISE EXCEPTION 'registry.append_only' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER segments_insert BEFORE INSERT ON segments FOR EACH ROW EXECUTE FUNCTION registry_segments()
--
CREATE FUNCTION registry_batches() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW."first" <> coalesce((SELECT max("end") FROM batches), 1) THEN RAISE EXCEPTION 'registry.overlap' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER batches_insert BEFORE INSERT ON batches FOR EACH ROW EXECUTE FUNCTION registry_batches()
--
CREATE FUNCTION registry_claims() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT NEW.imported AND EXISTS (SELECT 1 FROM claims WHERE project = NEW.project AND NOT imported AND first_day <= NEW.last_day AND NEW.first_day <= last_day) THEN RAISE EXCEPTION 'registry.period_issued' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER claims_insert BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION registry_claims()
--
CREATE FUNCTION registry_imports() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM imports WHERE registry = NEW.registry AND "first" < NEW."end" AND NEW."first" < "end") THEN RAISE EXCEPTION 'registry.overlap' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER imports_insert BEFORE INSERT ON imports FOR EACH ROW EXECUTE FUNCTION registry_imports()
--
CREATE FUNCTION registry_holdings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM batches WHERE id = NEW.batch AND "first" <= NEW."first" AND NEW."end" <= "end") THEN RAISE EXCEPTION 'registry.outside_batch' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER holdings_insert BEFORE INSERT ON holdings FOR EACH ROW EXECUTE FUNCTION registry_holdings()
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
  one SERIAL NOT NULL CHECK (one = 1),
  until BIGINT NOT NULL,
  PRIMARY KEY (one)
)
--
CREATE TABLE access_trail (
  position BIGSERIAL NOT NULL,
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
CREATE FUNCTION access_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'access.append_only'; END $$
--
CREATE TRIGGER access_trail_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON access_trail FOR EACH STATEMENT EXECUTE FUNCTION access_append_only()
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
  id BIGSERIAL NOT NULL,
  source TEXT NOT NULL,
  project TEXT NOT NULL,
  parcel TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day TEXT NOT NULL,
  held_until TEXT NOT NULL,
  area_m2 DOUBLE PRECISION NOT NULL,
  west DOUBLE PRECISION NOT NULL,
  south DOUBLE PRECISION NOT NULL,
  east DOUBLE PRECISION NOT NULL,
  north DOUBLE PRECISION NOT NULL,
  wkb BYTEA NOT NULL,
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
CREATE INDEX land_parcels_boxes ON land_parcels USING gist (box(point(west, south), point(east, north)))
--
CREATE FUNCTION land_parcels_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'land.append_only'; END $$
--
CREATE TRIGGER land_parcels_stay BEFORE UPDATE ON land_parcels
FOR EACH ROW WHEN (NEW.held_until > OLD.held_until OR (NEW.id, NEW.source, NEW.project, NEW.parcel, NEW.first_day, NEW.last_day, NEW.area_m2, NEW.west, NEW.south, NEW.east, NEW.north, NEW.wkb) IS DISTINCT FROM (OLD.id, OLD.source, OLD.project, OLD.parcel, OLD.first_day, OLD.last_day, OLD.area_m2, OLD.west, OLD.south, OLD.east, OLD.north, OLD.wkb))
EXECUTE FUNCTION land_parcels_stay()
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
create function lifecycle_events_append_only() returns trigger language plpgsql as $$ begin raise exception 'lifecycle.append_only'; end $$
--
create trigger lifecycle_events_append_only before update or delete or truncate on lifecycle_events for each statement execute function lifecycle_events_append_only()
--
create function lifecycle_designs_append_only() returns trigger language plpgsql as $$ begin raise exception 'lifecycle.append_only'; end $$
--
create trigger lifecycle_designs_append_only before update or delete or truncate on lifecycle_designs for each statement execute function lifecycle_designs_append_only()
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
  salt BYTEA NOT NULL,
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
CREATE FUNCTION tenure_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tenure.append_only'; END $$
--
CREATE TRIGGER tenure_rights_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenure_rights FOR EACH STATEMENT EXECUTE FUNCTION tenure_append_only()
--
CREATE TRIGGER tenure_distributions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenure_distributions FOR EACH STATEMENT EXECUTE FUNCTION tenure_append_only()
--
CREATE TRIGGER tenure_carried_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenure_carried FOR EACH STATEMENT EXECUTE FUNCTION tenure_append_only()
--
CREATE TRIGGER tenure_credited_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenure_credited FOR EACH STATEMENT EXECUTE FUNCTION tenure_append_only()
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
CREATE FUNCTION permanence_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'permanence.append_only'; END $$
--
CREATE TRIGGER permanence_settlements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON permanence_settlements FOR EACH STATEMENT EXECUTE FUNCTION permanence_append_only()
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
CREATE FUNCTION compensation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'compensation.append_only'; END $$
--
CREATE TRIGGER compensation_payments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compensation_payments FOR EACH STATEMENT EXECUTE FUNCTION compensation_append_only()
--
