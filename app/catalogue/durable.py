"""The durable tables that no view owns, column by column; a test compares them with a migrated database."""

from app.catalogue.table import Table, table

_LOG = "as long as the log"
_ALWAYS = "while the installation stands"
_TWO_YEARS = "2 years, by whole months"

TABLES: tuple[Table, ...] = (
    table(
        "es.events",
        "log",
        "The log: every fact, with who caused it and where; what personal fields hold is sealed.",
        _LOG,
        "position bigint, timestamp timestamp with time zone, tenant_id uuid, originator_id uuid, "
        "event_id uuid, command_id uuid, user_id uuid, originator_version integer, version smallint, "
        "topic text, type text, correlation_id text, causation_id text, session_id text, source text, "
        "environment text, region text, payload jsonb, metadata jsonb",
        {"payload": "restricted", "metadata": "confidential", "session_id": "confidential"},
    ),
    table(
        "es.event_ids",
        "log",
        "Finds an event by its id, and keeps ids unique.",
        _LOG,
        "tenant_id uuid, event_id uuid, position bigint",
    ),
    table(
        "es.streams",
        "log",
        "Where each stream stands.",
        _LOG,
        "tenant_id uuid, originator_id uuid, first bigint, last bigint, version integer, ended boolean, "
        "topic text",
    ),
    table(
        "es.commands",
        "log",
        "Which commands were accepted, so that a repeated one does nothing.",
        _LOG,
        "tenant_id uuid, command_id uuid, first bigint, last bigint, digest bytea",
    ),
    table(
        "es.reservations",
        "log",
        "Values that only one thing may hold at a time; personal ones as fingerprints.",
        "until released",
        "scope_id uuid, name text, value text, tenant_id uuid, originator_id uuid",
        {"value": "confidential"},
    ),
    table(
        "es.snapshots",
        "log",
        "The state of long streams, to load them quickly; what is personal in it is sealed.",
        "until replaced",
        "tenant_id uuid, originator_id uuid, originator_version integer, class_version integer, "
        "timestamp timestamp with time zone, topic text, state bytea",
        {"state": "restricted"},
    ),
    table(
        "es.partitioning",
        "log",
        "How many events a partition of the log holds.",
        _ALWAYS,
        "size bigint",
    ),
    table(
        "es.partitions",
        "log",
        "Which partitions the log has.",
        _ALWAYS,
        "first bigint, last bigint",
    ),
    table(
        "es.migrations",
        "log",
        "Which migrations were made.",
        _ALWAYS,
        "version_num character varying(32)",
    ),
    table(
        "ops.views",
        "operations",
        "Which generation of each view is read.",
        _ALWAYS,
        "view text, store text, inline boolean, live integer, paused_at timestamp with time zone, paused_by text",
    ),
    table(
        "ops.lanes",
        "operations",
        "How far each generation of a view has folded the log.",
        _ALWAYS,
        "id integer, view text, generation integer, version integer, shape text, token bigint, "
        "position bigint, folded bigint, moved_at timestamp with time zone, storage text, "
        "refill_until bigint, holder integer, read_at timestamp with time zone, rate real, pages bigint, "
        "page_seconds double precision, errors bigint, error text, error_position bigint, "
        "error_event uuid, error_stream uuid, attempts integer, failed_at timestamp with time zone, "
        "phase text, served_at timestamp with time zone, tenant_id uuid, "
        "drop_at timestamp with time zone, mended bigint, leaves_out boolean, store text",
    ),
    table(
        "ops.workers",
        "operations",
        "Which workers are alive.",
        "while the worker lives",
        "id integer, name text, pid integer, started_at timestamp with time zone, "
        "heartbeat_at timestamp with time zone, kind text",
    ),
    table(
        "ops.rebuilds",
        "operations",
        "Rebuilds of views, and who asked for them.",
        _ALWAYS,
        "id uuid, kind text, tenant_id uuid, state text, paused boolean, repair boolean, rate integer, "
        "parallel integer, asked_by text, asked_at timestamp with time zone, "
        "ended_at timestamp with time zone, error text",
    ),
    table(
        "ops.rebuild_views",
        "operations",
        "What a rebuild builds, and what comparing found; it names fields, not values.",
        _ALWAYS,
        "rebuild uuid, view text, former integer, generation integer, built_at timestamp with time zone, "
        "report jsonb, rolled_back_at timestamp with time zone, rolled_back_by text",
    ),
    table(
        "ops.parked",
        "operations",
        "Streams whose events wait, because they could not be folded.",
        "until folded or discarded",
        "view text, generation integer, stream uuid, tenant_id uuid, topic text, position bigint, "
        "event_id uuid, event_type text, error text, attempts integer, "
        "parked_at timestamp with time zone, asked text, asked_at timestamp with time zone, reason text, "
        "token bigint, until bigint",
        {"error": "confidential"},
    ),
    table(
        "ops.discarded",
        "operations",
        "Events that were left out of a generation permanently.",
        "while the generation is kept",
        "view text, generation integer, tenant_id uuid, stream uuid, first bigint, last bigint, "
        "error text, reason text, discarded_at timestamp with time zone",
        {"error": "confidential"},
    ),
    table(
        "processes.lanes",
        "processes",
        "How far each process has read the log.",
        _ALWAYS,
        "process text, id integer, version integer, token bigint, since bigint, position bigint, "
        "moved_at timestamp with time zone, error text, failed_at timestamp with time zone",
    ),
    table(
        "processes.holders",
        "processes",
        "Who runs a process.",
        "while it runs",
        "process text, holder text, pid integer, beat_at timestamp with time zone",
    ),
    table(
        "processes.instances",
        "processes",
        "The state of each instance of a process; what is personal in it is sealed.",
        "until the instance ends",
        "tenant_id uuid, process text, instance text, version integer, state jsonb, "
        "changed_at timestamp with time zone",
        {"state": "confidential"},
    ),
    table(
        "processes.timers",
        "processes",
        "Timers that have not fired.",
        "until fired",
        "tenant_id uuid, process text, instance text, name text, id uuid, "
        "due_at timestamp with time zone, event_id uuid, position bigint, correlation_id text",
    ),
    table(
        "processes.ledger",
        "processes",
        "What processes requested and what came of it; what is personal in it is sealed.",
        _LOG,
        "id bigint, tenant_id uuid, process text, instance text, cause uuid, key text, kind text, "
        "name text, payload jsonb, status text, attempts integer, next_at timestamp with time zone, "
        "token bigint, event_id uuid, position bigint, correlation_id text, error text, result jsonb, "
        "discard text, made_at timestamp with time zone, finished_at timestamp with time zone",
        {"payload": "confidential", "result": "confidential", "error": "confidential"},
    ),
    table(
        "audit.data_access",
        "audit",
        "Who read what and whose data it was; it holds ids and names of fields, no values.",
        _TWO_YEARS,
        "tenant_id uuid, at timestamp with time zone, id bigint, user_id uuid, session_id text, "
        "kind text, operation text, root_fields text[], fields text[], subjects uuid[], revealed text[], "
        "correlation_id text, outcome text",
        {"session_id": "confidential", "user_id": "confidential", "subjects": "confidential"},
    ),
    table(
        "audit.anchors",
        "audit",
        "A hash over what a month had held when it was dropped: proof that a copy is whole.",
        _LOG,
        "log text, month date, tenant_id uuid, rows bigint, first timestamp with time zone, "
        "last timestamp with time zone, hash bytea, dropped_at timestamp with time zone",
    ),
    table(
        "audit.retention",
        "audit",
        "From when on each log is kept; what is older is gone, and no rebuild brings it back.",
        _ALWAYS,
        "log text, since timestamp with time zone, changed_at timestamp with time zone",
    ),
    table(
        "placement.tenants",
        "placement",
        "Where each tenant's data lie.",
        "while the tenant is here",
        "tenant_id uuid, name text, slug text, kind text, region text, server text, database text, "
        "redis_prefix text, index_prefix text, state text, token bigint, "
        "updated_at timestamp with time zone",
        {"server": "restricted"},
    ),
    table(
        "placement.away",
        "placement",
        "Which tenants' data in this database are no longer read, for they have moved.",
        "until the tenant returns",
        "tenant_id uuid, hidden boolean, since timestamp with time zone",
    ),
    table(
        "auth.attempts",
        "auth",
        "When somebody tried to sign in and failed, by fingerprints of accounts and places.",
        "two days",
        "kind text, fingerprint text, about text, moments timestamp with time zone[], "
        "at timestamp with time zone",
        {"fingerprint": "confidential", "about": "confidential"},
    ),
    table(
        "auth.familiar",
        "auth",
        "Where people have signed in before, as fingerprints of account and device or network.",
        "until it was not used for ninety days",
        "fingerprint text, about text, at timestamp with time zone",
        {"fingerprint": "confidential", "about": "confidential"},
    ),
    table(
        "auth.spent",
        "auth",
        "What may be used once and was, as fingerprints.",
        "until it would have run out",
        "fingerprint text, until timestamp with time zone",
        {"fingerprint": "restricted"},
    ),
    table(
        "auth.signing_keys",
        "auth",
        "The keys that sign tokens, sealed under a key that follows from the installation's secret.",
        "until what they signed has run out",
        "kid text, sealed bytea, public bytea, created_at timestamp with time zone, "
        "retired_at timestamp with time zone",
        {"sealed": "restricted", "public": "public"},
    ),
    table(
        "mail.opt_outs",
        "mail",
        "Who wants no mail that others cause, as keyed fingerprints.",
        _ALWAYS,
        "recipient uuid, at timestamp with time zone",
    ),
    table(
        "mail.sent",
        "mail",
        "Which mails left, by which limits count; recipients and tenants as keyed fingerprints.",
        "2 days",
        "key uuid, kind text, recipient uuid, sender uuid, at timestamp with time zone",
    ),
    table(
        "keys.tenant_keys",
        "keys",
        "The key of each tenant, wrapped by the master key.",
        _ALWAYS,
        "tenant_id uuid, generation integer, master_key text, wrapped bytea, "
        "created_at timestamp with time zone, retired_at timestamp with time zone",
        {"wrapped": "restricted"},
    ),
    table(
        "keys.subject_keys",
        "keys",
        "The data keys of people, each wrapped by the tenant's key; overwritten when the person is erased.",
        "until the person is erased",
        "tenant_id uuid, subject_id uuid, generation integer, tenant_generation integer, wrapped bytea, "
        "created_at timestamp with time zone, destroyed_at timestamp with time zone, fingerprint text",
        {"wrapped": "restricted"},
    ),
)
