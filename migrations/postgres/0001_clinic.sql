create extension if not exists btree_gist;

-- The clinic, its people, its patients, their visits, the mail about them, and the log of who did what.
-- Times are Unix milliseconds. What names a patient is sealed (see compliance/data-inventory.md); times, states and
-- random ids stay in the clear, because the database decides races on them.

-- Keys ---------------------------------------------------------------------------------------------------------------

create table deployment (
    one integer primary key check (one = 1),
    id uuid not null,
    created_at bigint not null
);

create table wrapped_key (
    purpose text not null,
    kid bigint not null,
    wrapped bytea not null,
    check_value bytea not null,
    created_at bigint not null,
    primary key (purpose, kid)
);

-- Access log ---------------------------------------------------------------------------------------------------------

-- Written once and never moved. The clear columns are for filtering; what counts is in the sealed payload.
create table audit_event (
    id uuid primary key,
    recorded_at bigint not null,
    kind text not null,
    outcome text not null,
    actor_kind text not null,
    actor_id uuid,
    payload_hash bytea not null,
    payload bytea not null
);
create index audit_event_by_time on audit_event (recorded_at, id);
create index audit_event_by_actor on audit_event (actor_id, recorded_at);

-- A patient's random tag in the log. Deleting this row makes the events about them nobody's.
create table audit_subject (
    patient_id uuid primary key,
    tag bytea not null unique
);

create table audit_event_subject (
    event_id uuid not null references audit_event (id),
    tag bytea not null,
    primary key (event_id, tag)
);
create index audit_event_subject_by_tag on audit_event_subject (tag, event_id);

-- Events that wait for their place in the tree.
create table audit_pending (
    event_id uuid primary key references audit_event (id)
);

-- Triggers stop bugs. What stops an operator with the database is the signed tree over these rows.
create function audit_is_written_once() returns trigger language plpgsql as $$
begin
    raise exception 'the access log is written once';
end
$$;
create trigger audit_event_never_changes before update or delete or truncate on audit_event
    for each statement execute function audit_is_written_once();
create trigger audit_event_subject_never_changes before update or delete or truncate on audit_event_subject
    for each statement execute function audit_is_written_once();

-- Clinic and staff ---------------------------------------------------------------------------------------------------

create table clinic (
    one integer primary key check (one = 1),
    name text not null,
    zone text not null,
    phone text not null,
    language text not null
);

create table staff (
    id uuid primary key,
    email text not null unique,
    name text not null,
    role text not null check (role in ('scheduler', 'clinician', 'compliance', 'administrator')),
    zone text not null,
    language text not null,
    password_hash text,
    password_set_at bigint,
    disabled_at bigint,
    created_at bigint not null,
    version bigint not null
);

create table staff_password_token (
    token_hash bytea primary key,
    staff_id uuid not null references staff (id),
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);

create table staff_session (
    id uuid primary key,
    token_hash bytea not null unique,
    staff_id uuid not null references staff (id),
    created_at bigint not null,
    seen_at bigint not null,
    ended_at bigint,
    ended_why text
);
create index staff_session_by_staff on staff_session (staff_id, ended_at);

-- Counters of failed attempts. The subject is a keyed hash, never an address or a name.
create table throttle (
    kind text not null,
    subject bytea not null,
    window_started_at bigint not null,
    failures bigint not null,
    locked_until bigint,
    primary key (kind, subject)
);

-- Patients -----------------------------------------------------------------------------------------------------------

create table patient_key (
    patient_id uuid primary key,
    kid bigint not null,
    wrapped bytea not null,
    check_value bytea not null,
    created_at bigint not null
);

-- Sealed columns are sealed anew at every change, at the row's version.
create table patient (
    id uuid primary key references patient_key (patient_id),
    version bigint not null,
    created_at bigint not null,
    zone text not null,
    language text not null,
    name bytea not null,
    date_of_birth bytea not null,
    email bytea,
    phone bytea,
    record_number bytea,
    name_index bytea not null,
    email_index bytea,
    record_number_index bytea,
    date_of_birth_check bytea not null,
    mail_allowed bigint not null,
    reminders_allowed bigint not null,
    contact_choices_at bigint not null,
    times_by_mail_agreed_at bigint,
    times_by_mail_agreed_with uuid references staff (id),
    request_key bytea unique
);
create index patient_by_name on patient (name_index);
create index patient_by_email on patient (email_index);
create unique index patient_by_record_number on patient (record_number_index);

-- Visits -------------------------------------------------------------------------------------------------------------

-- An appointment is the visit: one row, one state, one version that every transition raises (REL-05, WEB-09).
create table visit (
    id uuid primary key,
    patient_id uuid not null references patient (id),
    clinician_id uuid not null references staff (id),
    starts_at bigint not null,
    ends_at bigint not null,
    state text not null check (state in ('booked', 'sent', 'redeemed', 'waiting', 'checking', 'in_call', 'ended', 'cancelled', 'no_show')),
    version bigint not null,
    created_at bigint not null,
    created_by uuid not null references staff (id),
    request_key bytea not null unique,
    reason bytea,
    reason_version bigint not null,
    code_check bytea,
    check_failures bigint not null,
    check_locked_until bigint,
    cancelled_at bigint,
    redeemed_at bigint,
    waiting_since bigint,
    left_at bigint,
    held_at bigint,
    message bytea,
    message_version bigint not null,
    call_epoch bigint not null,
    patient_epoch bigint not null,
    clinician_epoch bigint not null,
    admitted_at bigint,
    admitted_device uuid,
    identity text check (identity in ('known', 'confirmed')),
    ended_at bigint,
    check (ends_at > starts_at),
    -- No double booking, decided here and not by reading first (WEB-07). A visit that is over frees its time.
    constraint clinician_not_double_booked
        exclude using gist (clinician_id with =, int8range(starts_at, ends_at) with &&) where (cancelled_at is null and ended_at is null),
    constraint patient_not_double_booked
        exclude using gist (patient_id with =, int8range(starts_at, ends_at) with &&) where (cancelled_at is null and ended_at is null)
);
create index visit_by_day on visit (starts_at);
create index visit_by_clinician on visit (clinician_id, starts_at);
create index visit_by_patient on visit (patient_id, starts_at);

-- Links: only hashes, so that a thief of the database cannot rebuild one (LNK-11).
create table visit_link (
    secret_hash bytea primary key,
    join_code_index bytea not null unique,
    visit_id uuid not null references visit (id),
    kind text not null,
    created_at bigint not null,
    voided_at bigint,
    voided_why text
);
create index visit_link_by_visit on visit_link (visit_id);

-- The one device that may wait and talk. At most one lives at a time.
create table visit_device (
    id uuid primary key,
    visit_id uuid not null references visit (id),
    token_hash bytea not null unique,
    created_at bigint not null,
    ended_at bigint,
    ended_why text
);
create unique index visit_device_alone on visit_device (visit_id) where ended_at is null;

create table visit_note (
    visit_id uuid primary key references visit (id),
    patient_id uuid not null references patient (id),
    author_id uuid not null references staff (id),
    version bigint not null,
    updated_at bigint not null,
    body bytea not null
);

-- Mail ---------------------------------------------------------------------------------------------------------------

-- The row is written in the transaction of what it tells. `values_sealed` is blanked once the mail has left (EML-07).
create table outbox (
    id uuid primary key,
    patient_id uuid not null references patient (id),
    visit_id uuid not null references visit (id),
    kind text not null,
    once_key text not null unique,
    values_sealed bytea,
    created_at bigint not null,
    due_at bigint not null,
    useless_after bigint not null,
    attempts bigint not null,
    sent_at bigint,
    given_up_at bigint,
    last_error text
);
create index outbox_due on outbox (due_at) where values_sealed is not null;
create index outbox_by_visit on outbox (visit_id);
