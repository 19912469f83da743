-- A second device that asks to take a visit over (LNK-07). One request for a visit; a newer one replaces it.
create table device_move (
    visit_id uuid primary key references visit (id),
    device_id uuid not null unique,
    secret_hash bytea not null unique,
    asked_at bigint not null,
    lapses_at bigint not null,
    answer text check (answer in ('allowed', 'refused')),
    answered_by text check (answered_by in ('old_device', 'clinician', 'scheduler')),
    picked_up_at bigint
);
