-- What the clinician rules for a call while it lasts. Counts while the visit is admitted; each admission begins without any of it.
alter table visit add column locked_at integer;
alter table visit add column chat_closed_at integer;
alter table visit add column sharing_allowed_at integer;
alter table visit add column sharing_since integer;
