-- The access log as a Merkle tree (RFC 6962): see src/audit/tree. All of it follows from the events; what an auditor is given is checked
-- against signed heads that are kept elsewhere.

-- The tree as it was committed last. A sequencer locks this row.
create table audit_tree (
    one integer primary key check (one = 1),
    size bigint not null,
    root bytea not null
);
insert into audit_tree (one, size, root) values (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- The place of each event.
create table audit_leaf (
    n bigint primary key,
    event_id uuid not null unique references audit_event (id),
    hash bytea not null
);

-- The number of each event among those of a patient's tag: from 1, without a gap.
create table audit_leaf_subject (
    tag bytea not null,
    n bigint not null,
    leaf bigint not null,
    primary key (tag, n)
);
create index audit_leaf_subject_by_leaf on audit_leaf_subject (leaf);

-- 1 to 256 hashes of one level.
create table audit_tile (
    level bigint not null,
    n bigint not null,
    hashes bytea not null,
    primary key (level, n)
);

create table audit_checkpoint (
    size bigint primary key,
    root bytea not null,
    note text not null,
    signed_at bigint not null
);

create trigger audit_leaf_never_changes before update or delete or truncate on audit_leaf
    for each statement execute function audit_is_written_once();
create trigger audit_leaf_subject_never_changes before update or delete or truncate on audit_leaf_subject
    for each statement execute function audit_is_written_once();
create trigger audit_checkpoint_never_changes before update or delete or truncate on audit_checkpoint
    for each statement execute function audit_is_written_once();
