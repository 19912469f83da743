-- The clinic, its people, its patients, their visits, the mail about them, and the log of who did what.
-- Times are Unix milliseconds. What names a patient is sealed (see compliance/data-inventory.md); times, states and
-- random ids stay in the clear, because the database decides races on them.

-- Keys ---------------------------------------------------------------------------------------------------------------

create table deployment (
    one integer primary key check (one = 1),
    id blob not null,
    created_at integer not null
) strict;

create table wrapped_key (
    purpose text not null,
    kid integer not null,
    wrapped blob not null,
    check_value blob not null,
    created_at integer not null,
    primary key (purpose, kid)
) strict;

-- Access log ---------------------------------------------------------------------------------------------------------

-- Written once and never moved. The clear columns are for filtering; what counts is in the sealed payload.
create table audit_event (
    id blob primary key,
    recorded_at integer not null,
    kind text not null,
    outcome text not null,
    actor_kind text not null,
    actor_id blob,
    payload_hash blob not null,
    payload blob not null
) strict;
create index audit_event_by_time on audit_event (recorded_at, id);
create index audit_event_by_actor on audit_event (actor_id, recorded_at);

-- A patient's random tag in the log. Deleting this row makes the events about them nobody's.
create table audit_subject (
    patient_id blob primary key,
    tag blob not null unique
) strict;

create table audit_event_subject (
    event_id blob not null references audit_event (id),
    tag blob not null,
    primary key (event_id, tag)
) strict;
create index audit_event_subject_by_tag on audit_event_subject (tag, event_id);

-- Events that wait for their place in the tree.
create table audit_pending (
    event_id blob primary key references audit_event (id)
) strict;

-- Triggers stop bugs. What stops an operator with the file is the signed tree over these rows.
create trigger audit_event_never_changes before update on audit_event
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_event_never_goes before delete on audit_event
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_event_subject_never_changes before update on audit_event_subject
begin
    select raise(abort, 'the access log is written once');
end;
create trigger audit_event_subject_never_goes before delete on audit_event_subject
begin
    select raise(abort, 'the access log is written once');
end;

-- Clinic and staff ---------------------------------------------------------------------------------------------------

create table clinic (
    one integer primary key check (one = 1),
    name text not null,
    zone text not null,
    phone text not null,
    language text not null
) strict;

create table staff (
    id blob primary key,
    email text not null unique,
    name text not null,
    role text not null check (role in ('scheduler', 'clinician', 'compliance', 'administrator')),
    zone text not null,
    language text not null,
    password_hash text,
    password_set_at integer,
    disabled_at integer,
    created_at integer not null,
    version integer not null
) strict;

create table staff_password_token (
    token_hash blob primary key,
    staff_id blob not null references staff (id),
    created_at integer not null,
    expires_at integer not null,
    used_at integer
) strict;

create table staff_session (
    id blob primary key,
    token_hash blob not null unique,
    staff_id blob not null references staff (id),
    created_at integer not null,
    seen_at integer not null,
    ended_at integer,
    ended_why text
) strict;
create index staff_session_by_staff on staff_session (staff_id, ended_at);

-- Counters of failed attempts. The subject is a keyed hash, never an address or a name.
create table throttle (
    kind text not null,
    subject blob not null,
    window_started_at integer not null,
    failures integer not null,
    locked_until integer,
    primary key (kind, subject)
) strict;

-- Patients -----------------------------------------------------------------------------------------------------------

create table patient_key (
    patient_id blob primary key,
    kid integer not null,
    wrapped blob not null,
    check_value blob not null,
    created_at integer not null
) strict;

-- Sealed columns are sealed anew at every change, at the row's version.
create table patient (
    id blob primary key references patient_key (patient_id),
    version integer not null,
    created_at integer not null,
    zone text not null,
    language text not null,
    name blob not null,
    date_of_birth blob not null,
    email blob,
    phone blob,
    record_number blob,
    name_index blob not null,
    email_index blob,
    record_number_index blob,
    date_of_birth_check blob not null,
    mail_allowed integer not null,
    reminders_allowed integer not null,
    contact_choices_at integer not null,
    times_by_mail_agreed_at integer,
    times_by_mail_agreed_with blob references staff (id),
    request_key blob unique
) strict;
create index patient_by_name on patient (name_index);
create index patient_by_email on patient (email_index);
create unique index patient_by_record_number on patient (record_number_index);

-- Visits -------------------------------------------------------------------------------------------------------------

-- An appointment is the visit: one row, one state, one version that every transition raises (REL-05, WEB-09).
create table visit (
    id blob primary key,
    patient_id blob not null references patient (id),
    clinician_id blob not null references staff (id),
    starts_at integer not null,
    ends_at integer not null,
    state text not null check (state in ('booked', 'sent', 'redeemed', 'waiting', 'checking', 'in_call', 'ended', 'cancelled', 'no_show')),
    version integer not null,
    created_at integer not null,
    created_by blob not null references staff (id),
    request_key blob not null unique,
    reason blob,
    reason_version integer not null,
    code_check blob,
    check_failures integer not null,
    check_locked_until integer,
    cancelled_at integer,
    redeemed_at integer,
    waiting_since integer,
    left_at integer,
    held_at integer,
    message blob,
    message_version integer not null,
    call_epoch integer not null,
    patient_epoch integer not null,
    clinician_epoch integer not null,
    admitted_at integer,
    admitted_device blob,
    identity text check (identity in ('known', 'confirmed')),
    ended_at integer,
    check (ends_at > starts_at)
) strict;
create index visit_by_day on visit (starts_at);
create index visit_by_clinician on visit (clinician_id, starts_at);
create index visit_by_patient on visit (patient_id, starts_at);

-- No double booking, decided here and not by reading first (WEB-07). A visit that is over frees its time.
create trigger clinician_not_double_booked_on_insert before insert on visit
when new.cancelled_at is null and new.ended_at is null and exists (
    select 1 from visit
    where clinician_id = new.clinician_id and cancelled_at is null and ended_at is null
        and starts_at < new.ends_at and ends_at > new.starts_at
)
begin
    select raise(abort, 'clinician_not_double_booked');
end;
create trigger clinician_not_double_booked_on_update before update of starts_at, ends_at, cancelled_at, clinician_id, patient_id on visit
when new.cancelled_at is null and new.ended_at is null and exists (
    select 1 from visit
    where clinician_id = new.clinician_id and cancelled_at is null and ended_at is null
        and starts_at < new.ends_at and ends_at > new.starts_at and id <> new.id
)
begin
    select raise(abort, 'clinician_not_double_booked');
end;
create trigger patient_not_double_booked_on_insert before insert on visit
when new.cancelled_at is null and new.ended_at is null and exists (
    select 1 from visit
    where patient_id = new.patient_id and cancelled_at is null and ended_at is null
        and starts_at < new.ends_at and ends_at > new.starts_at
)
begin
    select raise(abort, 'patient_not_double_booked');
end;
create trigger patient_not_double_booked_on_update before update of starts_at, ends_at, cancelled_at, clinician_id, patient_id on visit
when new.cancelled_at is null and new.ended_at is null and exists (
    select 1 from visit
    where patient_id = new.patient_id and cancelled_at is null and ended_at is null
        and starts_at < new.ends_at and ends_at > new.starts_at and id <> new.id
)
begin
    select raise(abort, 'patient_not_double_booked');
end;

-- Links: only hashes, so that a thief of the database cannot rebuild one (LNK-11).
create table visit_link (
    secret_hash blob primary key,
    join_code_index blob not null unique,
    visit_id blob not null references visit (id),
    kind text not null,
    created_at integer not null,
    voided_at integer,
    voided_why text
) strict;
create index visit_link_by_visit on visit_link (visit_id);

-- The one device that may wait and talk. At most one lives at a time.
create table visit_device (
    id blob primary key,
    visit_id blob not null references visit (id),
    token_hash blob not null unique,
    created_at integer not null,
    ended_at integer,
    ended_why text
) strict;
create unique index visit_device_alone on visit_device (visit_id) where ended_at is null;

create table visit_note (
    visit_id blob primary key references visit (id),
    patient_id blob not null references patient (id),
    author_id blob not null references staff (id),
    version integer not null,
    updated_at integer not null,
    body blob not null
) strict;

-- Mail ---------------------------------------------------------------------------------------------------------------

-- The row is written in the transaction of what it tells. `values_sealed` is blanked once the mail has left (EML-07).
create table outbox (
    id blob primary key,
    patient_id blob not null references patient (id),
    visit_id blob not null references visit (id),
    kind text not null,
    once_key text not null unique,
    values_sealed blob,
    created_at integer not null,
    due_at integer not null,
    useless_after integer not null,
    attempts integer not null,
    sent_at integer,
    given_up_at integer,
    last_error text
) strict;
create index outbox_due on outbox (due_at) where values_sealed is not null;
create index outbox_by_visit on outbox (visit_id);
