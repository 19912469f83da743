-- What the role of the server may do, where another role owns the tables (`database.owner_url`). The owner's connection runs this at each start,
-- after the migrations; whoever gives rights by hand sets the name first: set anteroom.server_role = 'anteroom';
--
-- Of the access log, and of the files on incidents, requests and holds, the server adds rows and reads them. It changes none and removes none. The
-- exceptions are what the sequencer works on: the queue that events leave, the tree's one row, and its newest tile. `audit_purge` is the owner's.
do $rights$
declare
    server constant name := current_setting('anteroom.server_role');
    one record;
begin
    -- Of two programs that start at once the second finds nothing left to do.
    perform pg_advisory_xact_lock(hashtext('anteroom.server_role'));
    if not has_schema_privilege(server, current_schema(), 'usage') then
        execute format('grant usage on schema %I to %I', current_schema(), server);
    end if;
    for one in
        with kept (name, rights) as (values
            ('audit_event', '{select,insert}'::text[]),
            ('audit_event_subject', '{select,insert}'),
            ('audit_subject', '{select,insert}'),
            ('audit_once', '{select,insert}'),
            ('audit_leaf', '{select,insert}'),
            ('audit_leaf_subject', '{select,insert}'),
            ('audit_checkpoint', '{select,insert}'),
            ('audit_pending', '{select,insert,delete}'),
            ('audit_tile', '{select,insert,update}'),
            ('audit_tree', '{select,update}'),
            ('audit_purge', '{select}'),
            ('case_file', '{select,insert}'),
            ('case_entry', '{select,insert}'),
            ('_sqlx_migrations', '{select}')
        )
        select tables.oid::regclass as called, verbs.verb,
               verbs.verb = any (coalesce(kept.rights, '{select,insert,update,delete}')) as due,
               case when verbs.verb in ('select', 'insert', 'update', 'references') then has_any_column_privilege(server, tables.oid, verbs.verb)
                    else has_table_privilege(server, tables.oid, verbs.verb) end as may,
               has_table_privilege(server, tables.oid, verbs.verb) as may_all
        from pg_class as tables
        cross join unnest('{select,insert,update,delete,truncate,references,trigger}'::text[]) as verbs (verb)
        left join kept on kept.name = tables.relname
        where tables.relnamespace = current_schema()::regnamespace and tables.relkind in ('r', 'p')
        order by 1, 2
    loop
        if one.due and not one.may_all then
            execute format('grant %s on %s to %I', one.verb, one.called, server);
        elsif one.may and not one.due then
            execute format('revoke %s on %s from %I, public', one.verb, one.called, server);
        end if;
    end loop;
end
$rights$;
