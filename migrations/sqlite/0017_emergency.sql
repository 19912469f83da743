-- A clinician opened the record of a patient who is not theirs, in an emergency, for a time. See src/records/emergency.
create table emergency_access (
    id blob primary key,
    staff_id blob not null references staff (id),
    patient_id blob not null references patient (id),
    opened_at integer not null,
    -- When it ends by itself.
    ends_at integer not null,
    -- When it did, by itself or by hand.
    ended_at integer,
    -- Why, in the clinician's words, under the log's key.
    reason blob not null,
    request_key blob not null unique,
    check (ends_at > opened_at)
) strict;
create index emergency_access_open on emergency_access (ends_at) where ended_at is null;
