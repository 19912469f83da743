-- Since when a call goes through relays alone: because the clinician ruled it, for the admission that stands, or because the patient chose it before joining.
alter table visit add column relay_ruled_at bigint;
alter table visit add column relay_wished_at bigint;
