-- The log in the order of its patients, with what a filter asks for, in one place: so a page in this order reads what it shows and little else,
-- whatever the filter leaves. A copy for searches alone, kept by triggers, so that a program that does not know it keeps it too. What proofs
-- are made of is `audit_event` and `audit_event_subject`. See src/audit/search.
create table audit_by_patient (
    tag blob not null,
    event_id blob not null,
    kind text not null,
    outcome text not null,
    actor_kind text not null,
    actor_id blob,
    primary key (tag, event_id)
) strict, without rowid;
create index audit_by_patient_and_kind on audit_by_patient (kind, outcome, tag, event_id, actor_kind, actor_id);
create index audit_by_patient_and_person on audit_by_patient (actor_id, outcome, tag, event_id, kind, actor_kind) where actor_kind = 'staff';
create index audit_by_patient_and_party on audit_by_patient (actor_kind, outcome, tag, event_id, kind, actor_id) where actor_kind <> 'staff';
create index audit_by_patient_and_trouble on audit_by_patient (outcome, tag, event_id, kind, actor_kind, actor_id) where outcome <> 'success';

insert into audit_by_patient (tag, event_id, kind, outcome, actor_kind, actor_id)
    select its.tag, its.event_id, audit_event.kind, audit_event.outcome, audit_event.actor_kind, audit_event.actor_id
    from audit_event_subject as its join audit_event on audit_event.id = its.event_id order by its.tag, its.event_id;

create trigger audit_event_subject_has_its_place after insert on audit_event_subject
begin
    insert into audit_by_patient (tag, event_id, kind, outcome, actor_kind, actor_id)
        select new.tag, new.event_id, kind, outcome, actor_kind, actor_id from audit_event where id = new.event_id;
end;
-- Who it was goes with a purge, here as there.
create trigger audit_event_emptied_in_its_places after update of actor_id on audit_event
begin
    update audit_by_patient set actor_id = new.actor_id
        where event_id = new.id and tag in (select its.tag from audit_event_subject as its where its.event_id = new.id);
end;
create trigger audit_by_patient_never_changes before update on audit_by_patient
when not (
    new.tag = old.tag and new.event_id = old.event_id and new.kind = old.kind and new.outcome = old.outcome
    and new.actor_kind = old.actor_kind and new.actor_id is null
)
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_by_patient_never_goes before delete on audit_by_patient
begin
    select raise(abort, 'the access log is written once');
end;
