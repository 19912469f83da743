-- What the compliance officer's desk needs. See migrations/README.md.

-- Blind index of the network address an event came from: brings those of one address together, in no order that tells anything. Null: the
-- event came from no address, or is older than this column.
alter table audit_event add column source_index blob;

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
    id blob primary key,
    one integer unique check (one = 1),
    asked_at integer not null,
    asked_by blob not null references staff (id),
    known_head text,
    events_done integer not null,
    events_all integer not null,
    ended_at integer,
    verdict text check (verdict in ('unaltered', 'altered', 'not_anchored', 'broken_off')),
    events integer,
    signed integer,
    outside integer,
    found integer,
    report text
) strict;
create index log_verification_by_time on log_verification (asked_at);

-- What the rules found in the log for somebody to look at: once under its key, reviewed once.
create table review_item (
    id blob primary key,
    once_key text not null unique,
    rule text not null,
    happened_at integer not null,
    found_at integer not null,
    event_id blob not null,
    actor_id blob,
    tag blob,
    number integer not null,
    reviewed_at integer,
    reviewed_by blob references staff (id),
    comment blob,
    check ((reviewed_at is null) = (reviewed_by is null) and (reviewed_at is null) = (comment is null))
) strict;
create index review_item_open on review_item (happened_at, id) where reviewed_at is null;
create index review_item_reviewed on review_item (reviewed_at) where reviewed_at is not null;

-- The place in the log up to which the rules have looked. What happened before there were rules is not looked at.
create table review_progress (
    one integer primary key check (one = 1),
    place integer not null
) strict;
insert into review_progress (one, place) select 1, size from audit_tree;

-- Somebody looked at all accounts and their roles. The digest is over what they were shown.
create table access_review (
    id blob primary key,
    reviewed_at integer not null,
    reviewed_by blob not null references staff (id),
    accounts integer not null,
    digest blob not null
) strict;
create index access_review_by_time on access_review (reviewed_at);
