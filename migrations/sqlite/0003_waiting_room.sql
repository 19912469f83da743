-- The waiting room in full: who runs late, what a patient agreed to.

-- What a clinician said of a day: so many minutes late. It counts until that day is over at the clinic.
create table running_late (
    clinician_id blob primary key references staff (id),
    minutes integer not null check (minutes in (5, 10, 15, 30)),
    said_at integer not null,
    counts_until integer not null
) strict;

-- Which version of the text the patient agreed to by joining, and when.
alter table visit add column consent_version integer;
alter table visit add column consented_at integer;
