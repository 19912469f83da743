-- What events say is removed after its time; that they happened stays, with everything that proofs are made of.

-- What was removed, and until when. Written in the transaction of the removal and its event.
create table audit_purge (
    until_at bigint primary key,
    last_leaf bigint not null,
    purged_at bigint not null
);
create trigger audit_purge_never_changes before update or delete or truncate on audit_purge
    for each statement execute function audit_is_written_once();

-- The one exception: of an event that a purge covers, what it says may go, as a whole. What the tree is made of stays.
create function audit_event_is_only_emptied() returns trigger language plpgsql as $$
begin
    if new.id = old.id and new.recorded_at = old.recorded_at and new.kind = old.kind and new.outcome = old.outcome
        and new.actor_kind = old.actor_kind and new.payload_hash = old.payload_hash
        and length(new.payload) = 0 and new.actor_id is null and new.source_index is null
        and exists (select 1 from audit_purge where audit_purge.until_at > old.recorded_at)
    then
        return new;
    end if;
    raise exception 'the access log is written once';
end
$$;
drop trigger audit_event_never_changes on audit_event;
create trigger audit_event_never_changes before update on audit_event
    for each row execute function audit_event_is_only_emptied();
create trigger audit_event_never_goes before delete or truncate on audit_event
    for each statement execute function audit_is_written_once();
