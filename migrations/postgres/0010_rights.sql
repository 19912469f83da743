-- What the compliance officer keeps for the people in the records: incidents, requests, and to whom data went.

-- One incident, one request of a patient, or one disclosure of their data. What became of it follows from its entries.
create table case_file (
    id uuid primary key,
    kind text not null check (kind in ('incident', 'disclosure', 'accounting', 'record_set', 'suspension', 'hold')),
    patient_id uuid references patient (id),
    counts_from bigint not null,
    opened_at bigint not null,
    opened_by uuid not null references staff (id),
    request_key bytea not null unique
);
create index case_file_by_kind on case_file (kind, opened_at);
create index case_file_by_patient on case_file (patient_id, kind);

create table case_entry (
    case_id uuid not null references case_file (id),
    n bigint not null check (n >= 1),
    entered_at bigint not null,
    entered_by uuid not null references staff (id),
    entry text not null,
    body bytea not null,
    primary key (case_id, n)
);

create function what_was_entered_stays() returns trigger language plpgsql as $$
begin
    raise exception 'what was entered stays';
end $$;
create trigger case_file_never_changes before update or delete or truncate on case_file
    for each statement execute function what_was_entered_stays();
create trigger case_entry_never_changes before update or delete or truncate on case_entry
    for each statement execute function what_was_entered_stays();
