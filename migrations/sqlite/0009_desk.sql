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
