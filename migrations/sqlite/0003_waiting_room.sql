-- The waiting room in full: who runs late, what a patient agreed to, who is with them.

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

-- Somebody who is with the patient: the name sealed, the relation a word (ID-05).
alter table visit add column companion blob;
alter table visit add column companion_version integer not null default 0;
alter table visit add column companion_relation text
    check (companion_relation in ('parent', 'partner', 'child', 'guardian', 'carer', 'interpreter', 'other'));
