-- Keyed hashes of the patient's family names, each with the patient's id, and fillers up to a fixed number: whether one name is among them can be
-- told, and nothing else. Null: not made yet, as for patients from before this column.
alter table patient add column family_marks bytea;
create index patient_without_family_marks on patient (id) where family_marks is null;

-- Records that the compliance officer has marked, so that whoever opens one is looked at. Why stands in the event alone.
create table record_mark (
    patient_id uuid primary key references patient (id),
    marked_at bigint not null
);
