-- What the compliance officer keeps for the people in the records: incidents, requests, and to whom data went.

-- One incident, one request of a patient, or one disclosure of their data. What became of it follows from its entries.
create table case_file (
    id blob primary key,
    kind text not null check (kind in ('incident', 'disclosure', 'accounting', 'record_set', 'suspension', 'hold')),
    patient_id blob references patient (id),
    counts_from integer not null,
    opened_at integer not null,
    opened_by blob not null references staff (id),
    request_key blob not null unique
) strict;
create index case_file_by_kind on case_file (kind, opened_at);
create index case_file_by_patient on case_file (patient_id, kind);

create table case_entry (
    case_id blob not null references case_file (id),
    n integer not null check (n >= 1),
    entered_at integer not null,
    entered_by blob not null references staff (id),
    entry text not null,
    body blob not null,
    primary key (case_id, n)
) strict;

create trigger case_file_never_changes before update on case_file
begin
    select raise(abort, 'what was entered stays');
end;
create trigger case_file_never_goes before delete on case_file
begin
    select raise(abort, 'what was entered stays');
end;
create trigger case_entry_never_changes before update on case_entry
begin
    select raise(abort, 'what was entered stays');
end;
create trigger case_entry_never_goes before delete on case_entry
begin
    select raise(abort, 'what was entered stays');
end;
