-- What the compliance officer's desk needs. See migrations/README.md.

-- Blind index of the network address an event came from: brings those of one address together, in no order that tells anything. Null: the
-- event came from no address, or is older than this column.
alter table audit_event add column source_index bytea;

-- An id begins with the time of its event, so that within each of these the order is that of time.
drop index audit_event_by_actor;
create index audit_event_by_kind on audit_event (kind, id);
create index audit_event_by_person on audit_event (actor_id, id) where actor_kind = 'staff';
create index audit_event_by_person_and_kind on audit_event (actor_id, kind, id) where actor_kind = 'staff';
create index audit_event_by_party on audit_event (actor_kind, id) where actor_kind <> 'staff';
create index audit_event_by_party_and_kind on audit_event (actor_kind, kind, id) where actor_kind <> 'staff';
create index audit_event_by_source on audit_event (source_index, id);
-- Few events went wrong.
create index audit_event_by_trouble on audit_event (outcome, id) where outcome <> 'success';
create index audit_event_by_trouble_and_kind on audit_event (kind, outcome, id) where outcome <> 'success';
create index audit_event_by_trouble_and_person on audit_event (actor_id, outcome, id) where outcome <> 'success';

-- Verifications that an officer asked for. One at a time: `one` is 1 until it has ended.
create table log_verification (
    id uuid primary key,
    one bigint unique check (one = 1),
    asked_at bigint not null,
    asked_by uuid not null references staff (id),
    known_head text,
    events_done bigint not null,
    events_all bigint not null,
    ended_at bigint,
    verdict text check (verdict in ('unaltered', 'altered', 'not_anchored', 'broken_off')),
    events bigint,
    signed bigint,
    outside bigint,
    found bigint,
    report text
);
create index log_verification_by_time on log_verification (asked_at);

-- What the rules found in the log for somebody to look at: once under its key, reviewed once.
create table review_item (
    id uuid primary key,
    once_key text not null unique,
    rule text not null,
    happened_at bigint not null,
    found_at bigint not null,
    event_id uuid not null,
    actor_id uuid,
    tag bytea,
    number bigint not null,
    reviewed_at bigint,
    reviewed_by uuid references staff (id),
    comment bytea,
    check ((reviewed_at is null) = (reviewed_by is null) and (reviewed_at is null) = (comment is null))
);
create index review_item_open on review_item (happened_at, id) where reviewed_at is null;
create index review_item_reviewed on review_item (reviewed_at) where reviewed_at is not null;

-- The place in the log up to which the rules have looked. What happened before there were rules is not looked at.
create table review_progress (
    one bigint primary key check (one = 1),
    place bigint not null
);
insert into review_progress (one, place) select 1, size from audit_tree;

-- Somebody looked at all accounts and their roles. The digest is over what they were shown.
create table access_review (
    id uuid primary key,
    reviewed_at bigint not null,
    reviewed_by uuid not null references staff (id),
    accounts bigint not null,
    digest bytea not null
);
create index access_review_by_time on access_review (reviewed_at);
