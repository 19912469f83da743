-- What the log holds once, however often it is told: a start, a page or a replay that tells it again is refused by the key.
create table audit_once (
    key bytea primary key,
    event_id uuid not null references audit_event (id)
);
