-- The life of a link: whether its letter arrived, and whether its patient has one that works.

-- The hash of a letter's unguessable Message-ID, by which its bounce names it; when it came back, and when its links were
-- looked after.
alter table outbox add column message_hash blob;
alter table outbox add column bounced_at integer;
alter table outbox add column bounce_followed_at integer;
create unique index outbox_by_message on outbox (message_hash);
create index outbox_bounced on outbox (bounced_at) where bounced_at is not null and bounce_followed_at is null;

-- Why the patient has no link that works. The front desk sees it until it sends a new one.
alter table visit add column link_trouble text check (link_trouble in ('undelivered', 'wrong_person', 'revoked'));
alter table visit add column link_trouble_at integer;
