-- A clinician opened the record of a patient who is not theirs, in an emergency, for a time. See src/records/emergency.
create table emergency_access (
    id uuid primary key,
    staff_id uuid not null references staff (id),
    patient_id uuid not null references patient (id),
    opened_at bigint not null,
    -- When it ends by itself.
    ends_at bigint not null,
    -- When it did, by itself or by hand.
    ended_at bigint,
    -- Why, in the clinician's words, under the log's key.
    reason bytea not null,
    request_key bytea not null unique,
    check (ends_at > opened_at)
);
create index emergency_access_open on emergency_access (ends_at) where ended_at is null;
