-- What events say is removed after its time; that they happened stays, with everything that proofs are made of.

-- What was removed, and until when. Written in the transaction of the removal and its event.
create table audit_purge (
    until_at integer primary key,
    last_leaf integer not null,
    purged_at integer not null
) strict;
create trigger audit_purge_never_changes before update on audit_purge
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_purge_never_goes before delete on audit_purge
begin
    select raise(abort, 'the access log is written once');
end;

-- The one exception: of an event that a purge covers, what it says may go, as a whole. What the tree is made of stays.
drop trigger audit_event_never_changes;
create trigger audit_event_never_changes before update on audit_event
when not (
    new.id = old.id and new.recorded_at = old.recorded_at and new.kind = old.kind and new.outcome = old.outcome
    and new.actor_kind = old.actor_kind and new.payload_hash = old.payload_hash
    and length(new.payload) = 0 and new.actor_id is null and new.source_index is null
    and exists (select 1 from audit_purge where audit_purge.until_at > old.recorded_at)
)
begin
    select raise(abort, 'the access log is written once');
end;
