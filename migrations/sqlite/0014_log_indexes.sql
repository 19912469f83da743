-- The log looked through at millions of events. Every filter by who, what and how it ended begins an index, and the id, which has the order of
-- time, comes right after it: so a page reads what it shows and nothing else. The mark of the address ends each of them, so that few events are
-- sorted by it without a look at their rows. See src/audit/search.
drop index audit_event_by_kind;
drop index audit_event_by_person;
drop index audit_event_by_person_and_kind;
drop index audit_event_by_party;
drop index audit_event_by_party_and_kind;
drop index audit_event_by_source;
drop index audit_event_by_trouble;
drop index audit_event_by_trouble_and_kind;
drop index audit_event_by_trouble_and_person;
create index audit_event_by_kind on audit_event (kind, outcome, id, source_index);
create index audit_event_by_person on audit_event (actor_id, outcome, id, source_index) where actor_kind = 'staff';
create index audit_event_by_person_and_kind on audit_event (actor_id, kind, outcome, id, source_index) where actor_kind = 'staff';
create index audit_event_by_party on audit_event (actor_kind, outcome, id, source_index) where actor_kind <> 'staff';
create index audit_event_by_party_and_kind on audit_event (actor_kind, kind, outcome, id, source_index) where actor_kind <> 'staff';
-- Few events went wrong.
create index audit_event_by_trouble on audit_event (outcome, id, source_index) where outcome <> 'success';
-- By address, with all that a filter asks for. Of one kind and of one party on their own: the program itself has no address, and neither have
-- the kinds of event that only it writes.
create index audit_event_by_source on audit_event (source_index, id, kind, outcome, actor_kind, actor_id);
create index audit_event_by_kind_and_source on audit_event (kind, source_index, id, outcome, actor_kind, actor_id)
    where source_index is not null;
create index audit_event_by_party_and_source on audit_event (actor_kind, source_index, id, kind, outcome)
    where actor_kind <> 'staff' and source_index is not null;
