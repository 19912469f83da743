-- The access log as a Merkle tree (RFC 6962): see src/audit/tree. All of it follows from the events; what an auditor is given is checked
-- against signed heads that are kept elsewhere.

-- The tree as it was committed last. A sequencer locks this row.
create table audit_tree (
    one integer primary key check (one = 1),
    size integer not null,
    root blob not null
) strict;
insert into audit_tree (one, size, root) values (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- The place of each event.
create table audit_leaf (
    n integer primary key,
    event_id blob not null unique references audit_event (id),
    hash blob not null
) strict;

-- The number of each event among those of a patient's tag: from 1, without a gap.
create table audit_leaf_subject (
    tag blob not null,
    n integer not null,
    leaf integer not null,
    primary key (tag, n)
) strict;
create index audit_leaf_subject_by_leaf on audit_leaf_subject (leaf);

-- 1 to 256 hashes of one level.
create table audit_tile (
    level integer not null,
    n integer not null,
    hashes blob not null,
    primary key (level, n)
) strict;

create table audit_checkpoint (
    size integer primary key,
    root blob not null,
    note text not null,
    signed_at integer not null
) strict;

create trigger audit_leaf_never_changes before update on audit_leaf
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_leaf_never_goes before delete on audit_leaf
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_leaf_subject_never_changes before update on audit_leaf_subject
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_leaf_subject_never_goes before delete on audit_leaf_subject
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_checkpoint_never_changes before update on audit_checkpoint
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_checkpoint_never_goes before delete on audit_checkpoint
begin
    select raise(abort, 'the access log is written once');
end;
