-- The log in the order of its patients, with what a filter asks for, in one place: so a page in this order reads what it shows and little else,
-- whatever the filter leaves. A copy for searches alone, kept by triggers, so that a program that does not know it keeps it too. What proofs
-- are made of is `audit_event` and `audit_event_subject`. See src/audit/search.
create table audit_by_patient (
    tag bytea not null,
    event_id uuid not null,
    kind text not null,
    outcome text not null,
    actor_kind text not null,
    actor_id uuid,
    primary key (tag, event_id) include (kind, outcome, actor_kind, actor_id)
);
create index audit_by_patient_and_kind on audit_by_patient (kind, outcome, tag, event_id, actor_kind, actor_id);
create index audit_by_patient_and_person on audit_by_patient (actor_id, outcome, tag, event_id, kind, actor_kind) where actor_kind = 'staff';
create index audit_by_patient_and_party on audit_by_patient (actor_kind, outcome, tag, event_id, kind, actor_id) where actor_kind <> 'staff';
create index audit_by_patient_and_trouble on audit_by_patient (outcome, tag, event_id, kind, actor_kind, actor_id) where outcome <> 'success';

insert into audit_by_patient (tag, event_id, kind, outcome, actor_kind, actor_id)
    select its.tag, its.event_id, audit_event.kind, audit_event.outcome, audit_event.actor_kind, audit_event.actor_id
    from audit_event_subject as its join audit_event on audit_event.id = its.event_id order by its.tag, its.event_id;

create function audit_event_subject_gets_its_place() returns trigger language plpgsql as $$
begin
    insert into audit_by_patient (tag, event_id, kind, outcome, actor_kind, actor_id)
        select its.tag, its.event_id, audit_event.kind, audit_event.outcome, audit_event.actor_kind, audit_event.actor_id
        from added as its join audit_event on audit_event.id = its.event_id;
    return null;
end
$$;
create trigger audit_event_subject_has_its_place after insert on audit_event_subject
    referencing new table as added for each statement execute function audit_event_subject_gets_its_place();
-- Who it was goes with a purge, here as there.
create function audit_event_is_emptied_in_its_places() returns trigger language plpgsql as $$
begin
    update audit_by_patient set actor_id = new.actor_id from audit_event_subject as its
        where its.event_id = new.id and audit_by_patient.tag = its.tag and audit_by_patient.event_id = new.id;
    return null;
end
$$;
create trigger audit_event_emptied_in_its_places after update on audit_event
    for each row execute function audit_event_is_emptied_in_its_places();
create function audit_by_patient_is_only_emptied() returns trigger language plpgsql as $$
begin
    if new.tag = old.tag and new.event_id = old.event_id and new.kind = old.kind and new.outcome = old.outcome
        and new.actor_kind = old.actor_kind and new.actor_id is null
    then
        return new;
    end if;
    raise exception 'the access log is written once';
end
$$;
create trigger audit_by_patient_never_changes before update on audit_by_patient
    for each row execute function audit_by_patient_is_only_emptied();
create trigger audit_by_patient_never_goes before delete or truncate on audit_by_patient
    for each statement execute function audit_is_written_once();
