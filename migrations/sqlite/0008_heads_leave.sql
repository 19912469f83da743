-- Notices: letters to the address that answers for compliance. Nothing about a patient is in them, so nothing is sealed.
create table notice (
    id blob primary key,
    kind text not null,
    once_key text not null unique,
    -- Of a letter with a head of the access log: how many events that head covers.
    log_size integer,
    message text,
    created_at integer not null,
    due_at integer not null,
    attempts integer not null,
    sent_at integer,
    given_up_at integer,
    last_error text
) strict;
create index notice_due on notice (due_at) where message is not null;
create index notice_by_log_size on notice (log_size) where log_size is not null;
