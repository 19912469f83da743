-- A second device that asks to take a visit over (LNK-07). One request for a visit; a newer one replaces it.
create table device_move (
    visit_id blob primary key references visit (id),
    device_id blob not null unique,
    secret_hash blob not null unique,
    asked_at integer not null,
    lapses_at integer not null,
    answer text check (answer in ('allowed', 'refused')),
    answered_by text check (answered_by in ('old_device', 'clinician', 'scheduler')),
    picked_up_at integer
) strict;
