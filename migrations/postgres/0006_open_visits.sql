-- Who waits for a clinician, and with whom they talk, is asked at every change of their day: found without a look at the past.
create index visit_by_clinician_state on visit (clinician_id, state);
