-- Notices: letters to the address that answers for compliance. Nothing about a patient is in them, so nothing is sealed.
create table notice (
    id uuid primary key,
    kind text not null,
    once_key text not null unique,
    -- Of a letter with a head of the access log: how many events that head covers.
    log_size bigint,
    message text,
    created_at bigint not null,
    due_at bigint not null,
    attempts bigint not null,
    sent_at bigint,
    given_up_at bigint,
    last_error text
);
create index notice_due on notice (due_at) where message is not null;
create index notice_by_log_size on notice (log_size) where log_size is not null;
