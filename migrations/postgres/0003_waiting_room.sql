-- The waiting room in full: who runs late, what a patient agreed to, who is with them.

-- What a clinician said of a day: so many minutes late. It counts until that day is over at the clinic.
create table running_late (
    clinician_id uuid primary key references staff (id),
    minutes bigint not null check (minutes in (5, 10, 15, 30)),
    said_at bigint not null,
    counts_until bigint not null
);

-- Which version of the text the patient agreed to by joining, and when.
alter table visit add column consent_version bigint;
alter table visit add column consented_at bigint;

-- Somebody who is with the patient: the name sealed, the relation a word (ID-05).
alter table visit add column companion bytea;
alter table visit add column companion_version bigint not null default 0;
alter table visit add column companion_relation text
    check (companion_relation in ('parent', 'partner', 'child', 'guardian', 'carer', 'interpreter', 'other'));
