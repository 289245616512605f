-- What each table and column holds; `headwater catalogue` and docs/data.md read it here. A table's comment ends with
-- how long its rows are kept, a column's with its classification where that is not internal.

comment on table es.events is 'The log: every fact, with who caused it and where; what personal fields hold is sealed. Kept as long as the log.';
comment on column es.events.position is 'Its place in the log; positions only grow, and none is left out.';
comment on column es.events.timestamp is 'When it happened, in UTC.';
comment on column es.events.tenant_id is 'Whose it is.';
comment on column es.events.originator_id is 'The stream: the aggregate that it is about.';
comment on column es.events.event_id is 'Its id, which is unique in the tenant.';
comment on column es.events.command_id is 'The command that caused it.';
comment on column es.events.user_id is 'Who sent the command; null: nobody who has signed in.';
comment on column es.events.originator_version is 'Its place in the stream, from 1.';
comment on column es.events.version is 'The version of the event''s class that wrote it.';
comment on column es.events.topic is 'The kind of aggregate.';
comment on column es.events.type is 'The event''s stored name.';
comment on column es.events.correlation_id is 'The request that it all began with.';
comment on column es.events.causation_id is 'What caused it directly: a command or another event.';
comment on column es.events.session_id is 'The session of who sent the command. Confidential.';
comment on column es.events.source is 'The program that wrote it.';
comment on column es.events.environment is 'The environment that it was written in.';
comment on column es.events.region is 'The region that it was written in.';
comment on column es.events.payload is 'The event''s fields, as JSON. Restricted.';
comment on column es.events.metadata is 'What else is known of it, as the stored name of the command and the trace. Confidential.';

comment on table es.event_ids is 'Finds an event by its id, and keeps ids unique. Kept as long as the log.';
comment on column es.event_ids.tenant_id is 'Whose the event is.';
comment on column es.event_ids.event_id is 'The event''s id.';
comment on column es.event_ids.position is 'Where it stands in the log.';

comment on table es.streams is 'Where each stream stands. Kept as long as the log.';
comment on column es.streams.tenant_id is 'Whose it is.';
comment on column es.streams.originator_id is 'The aggregate''s id.';
comment on column es.streams.first is 'The position of its first event.';
comment on column es.streams.last is 'The position of its last event.';
comment on column es.streams.version is 'How many events it has.';
comment on column es.streams.ended is 'Whether an event has ended it.';
comment on column es.streams.topic is 'The kind of aggregate.';

comment on table es.commands is 'Which commands were accepted, so that a repeated one does nothing. Kept as long as the log.';
comment on column es.commands.tenant_id is 'The tenant in which it was sent.';
comment on column es.commands.command_id is 'Its id, which the client chose.';
comment on column es.commands.first is 'The position of its first event.';
comment on column es.commands.last is 'The position of its last event.';
comment on column es.commands.digest is 'A hash over what it asked for, so that another command under its id is refused.';

comment on table es.reservations is 'Values that only one thing may hold at a time; personal ones as fingerprints. Kept until released.';
comment on column es.reservations.scope_id is 'The tenant in which the value is unique, or the id that stands for all tenants.';
comment on column es.reservations.name is 'What is unique, as work.project.name.';
comment on column es.reservations.value is 'The value, or its fingerprint. Confidential.';
comment on column es.reservations.tenant_id is 'Whose the holder is.';
comment on column es.reservations.originator_id is 'The aggregate that holds it.';

comment on table es.snapshots is 'The state of long streams, to load them quickly; what is personal in it is sealed. Kept until replaced.';
comment on column es.snapshots.tenant_id is 'Whose it is.';
comment on column es.snapshots.originator_id is 'The aggregate''s id.';
comment on column es.snapshots.originator_version is 'The event up to which the state goes.';
comment on column es.snapshots.class_version is 'The version of the aggregate''s class that wrote it.';
comment on column es.snapshots.timestamp is 'When the aggregate had changed last.';
comment on column es.snapshots.topic is 'The kind of aggregate.';
comment on column es.snapshots.state is 'The state. Restricted.';

comment on table es.partitioning is 'How many events a partition of the log holds. Kept while the installation stands.';
comment on column es.partitioning.size is 'The number of positions of a partition.';

comment on table es.partitions is 'Which partitions the log has. Kept while the installation stands.';
comment on column es.partitions.first is 'Its first position.';
comment on column es.partitions.last is 'Its last position.';

comment on table es.migrations is 'Which migrations were made. Kept while the installation stands.';
comment on column es.migrations.version_num is 'The newest of them.';

comment on table ops.views is 'Which generation of each view is read. Kept while the installation stands.';
comment on column ops.views.view is 'The view''s name.';
comment on column ops.views.store is 'The kind of its store.';
comment on column ops.views.inline is 'Whether it is folded in the append''s transaction.';
comment on column ops.views.live is 'The generation that readers are sent to.';
comment on column ops.views.paused_at is 'Since when it is paused; null: it is not.';
comment on column ops.views.paused_by is 'Who paused it.';

comment on table ops.lanes is 'How far each generation of a view has folded the log. Kept while the installation stands.';
comment on column ops.lanes.id is 'Its number, by which it is locked.';
comment on column ops.lanes.view is 'The view''s name.';
comment on column ops.lanes.generation is 'The generation''s number.';
comment on column ops.lanes.version is 'The version of the view''s class that it is made by.';
comment on column ops.lanes.shape is 'A hash over how its table is made, so that a change without a new version is refused.';
comment on column ops.lanes.token is 'The fencing token: whoever writes with an older one writes nothing.';
comment on column ops.lanes.position is 'Up to where the log was read.';
comment on column ops.lanes.folded is 'How many events were folded.';
comment on column ops.lanes.moved_at is 'When its position moved last.';
comment on column ops.lanes.storage is 'Which incarnation of an outside store the position speaks for; null: of none.';
comment on column ops.lanes.refill_until is 'Until this position is folded, rows may be missing.';
comment on column ops.lanes.holder is 'The worker that holds the lease; null: nobody.';
comment on column ops.lanes.read_at is 'When the log was last read for it.';
comment on column ops.lanes.rate is 'Events a second, of late.';
comment on column ops.lanes.pages is 'How many pages of events were folded.';
comment on column ops.lanes.page_seconds is 'How long these took altogether.';
comment on column ops.lanes.errors is 'How many errors there were.';
comment on column ops.lanes.error is 'The last error, while it stands.';
comment on column ops.lanes.error_position is 'The position of the event at which it stands.';
comment on column ops.lanes.error_event is 'The id of that event.';
comment on column ops.lanes.error_stream is 'The stream of that event.';
comment on column ops.lanes.attempts is 'How often it was tried.';
comment on column ops.lanes.failed_at is 'When it failed last.';
comment on column ops.lanes.phase is 'What becomes of it: building, following, repairing or dropped.';
comment on column ops.lanes.served_at is 'When readers were last sent to it; null: never.';
comment on column ops.lanes.tenant_id is 'Set: it is built for this tenant alone.';
comment on column ops.lanes.drop_at is 'When its storage may be dropped; null: not yet.';
comment on column ops.lanes.mended is 'The token of the last write that folded parked events into an outside store.';
comment on column ops.lanes.leaves_out is 'Whether anything of it is parked or discarded.';
comment on column ops.lanes.store is 'The kind of the store whose storage is still to be dropped; null: none is.';

comment on table ops.workers is 'Which workers are alive. Kept while the worker lives.';
comment on column ops.workers.id is 'Its number.';
comment on column ops.workers.name is 'The machine''s name, with what tells its workers apart.';
comment on column ops.workers.pid is 'The process of the database that serves it.';
comment on column ops.workers.started_at is 'When it started.';
comment on column ops.workers.heartbeat_at is 'When it was last seen.';
comment on column ops.workers.kind is 'A worker, or a rebuilder.';

comment on table ops.rebuilds is 'Rebuilds of views, and who asked for them. Kept while the installation stands.';
comment on column ops.rebuilds.id is 'Its id.';
comment on column ops.rebuilds.kind is 'What it is for: rebuild, reconcile, or version, for a new version of the code.';
comment on column ops.rebuilds.tenant_id is 'Set: this tenant''s rows alone, in place.';
comment on column ops.rebuilds.state is 'How it stands.';
comment on column ops.rebuilds.paused is 'Whether it is paused.';
comment on column ops.rebuilds.repair is 'Whether it cuts over although rows differ.';
comment on column ops.rebuilds.rate is 'The most events a second for each view; null: as fast as it goes.';
comment on column ops.rebuilds.parallel is 'How many views are built at the same time.';
comment on column ops.rebuilds.asked_by is 'Who asked for it.';
comment on column ops.rebuilds.asked_at is 'When it was asked for.';
comment on column ops.rebuilds.ended_at is 'When it ended; null: it has not.';
comment on column ops.rebuilds.error is 'Why it failed.';

comment on table ops.rebuild_views is 'What a rebuild builds, and what comparing found; it names fields, not values. Kept while the installation stands.';
comment on column ops.rebuild_views.rebuild is 'The rebuild.';
comment on column ops.rebuild_views.view is 'The view''s name.';
comment on column ops.rebuild_views.former is 'The generation that was live when it was asked for.';
comment on column ops.rebuild_views.generation is 'The generation that is built.';
comment on column ops.rebuild_views.built_at is 'When it was built.';
comment on column ops.rebuild_views.report is 'What the comparison found.';
comment on column ops.rebuild_views.rolled_back_at is 'When the cut-over was rolled back; null: it was not.';
comment on column ops.rebuild_views.rolled_back_by is 'Who rolled it back.';

comment on table ops.parked is 'Streams whose events wait, because they could not be folded. Kept until folded or discarded.';
comment on column ops.parked.view is 'The view''s name.';
comment on column ops.parked.generation is 'The generation that lacks the events.';
comment on column ops.parked.stream is 'The aggregate''s id.';
comment on column ops.parked.tenant_id is 'Whose it is.';
comment on column ops.parked.topic is 'The kind of aggregate.';
comment on column ops.parked.position is 'The position of the first event that waits.';
comment on column ops.parked.event_id is 'That event''s id.';
comment on column ops.parked.event_type is 'That event''s stored name.';
comment on column ops.parked.error is 'Why it could not be folded. Confidential.';
comment on column ops.parked.attempts is 'How often it was tried.';
comment on column ops.parked.parked_at is 'When the stream was parked.';
comment on column ops.parked.asked is 'What an operator asked for: retry or discard.';
comment on column ops.parked.asked_at is 'When they asked.';
comment on column ops.parked.reason is 'Why the events are to be left out.';
comment on column ops.parked.token is 'The fencing token of the write that folds them.';
comment on column ops.parked.until is 'The position up to which that write folds.';

comment on table ops.discarded is 'Events that were left out of a generation permanently. Kept while the generation is kept.';
comment on column ops.discarded.view is 'The view''s name.';
comment on column ops.discarded.generation is 'The generation that lacks the events.';
comment on column ops.discarded.tenant_id is 'Whose the stream is.';
comment on column ops.discarded.stream is 'The aggregate''s id.';
comment on column ops.discarded.first is 'The position of the first event that was left out.';
comment on column ops.discarded.last is 'The position of the last one.';
comment on column ops.discarded.error is 'Why it could not be folded. Confidential.';
comment on column ops.discarded.reason is 'Why an operator left them out.';
comment on column ops.discarded.discarded_at is 'When they were left out.';

comment on table processes.lanes is 'How far each process has read the log. Kept while the installation stands.';
comment on column processes.lanes.process is 'The process''s name.';
comment on column processes.lanes.id is 'Its number, by which it is locked.';
comment on column processes.lanes.version is 'The newest version of the code that ever held it; older code is refused.';
comment on column processes.lanes.token is 'The fencing token: whoever writes with an older one writes nothing.';
comment on column processes.lanes.since is 'The position after which it reacts.';
comment on column processes.lanes.position is 'Up to where the log was read.';
comment on column processes.lanes.moved_at is 'When its position moved last.';
comment on column processes.lanes.error is 'The last error, while it stands.';
comment on column processes.lanes.failed_at is 'When it failed last.';

comment on table processes.holders is 'Who runs a process. Kept while it runs.';
comment on column processes.holders.process is 'The process''s name.';
comment on column processes.holders.holder is 'The machine''s name, with what tells its workers apart.';
comment on column processes.holders.pid is 'The process of the database that serves it.';
comment on column processes.holders.beat_at is 'When it was last seen.';

comment on table processes.instances is 'The state of each instance of a process; what is personal in it is sealed. Kept until the instance ends.';
comment on column processes.instances.tenant_id is 'Whose it is.';
comment on column processes.instances.process is 'The process''s name.';
comment on column processes.instances.instance is 'What the instance goes by, as the id of a stream.';
comment on column processes.instances.version is 'The version of the process that wrote the state.';
comment on column processes.instances.state is 'The state, as JSON. Confidential.';
comment on column processes.instances.changed_at is 'When it changed last.';

comment on table processes.timers is 'Timers that have not fired. Kept until fired.';
comment on column processes.timers.tenant_id is 'Whose it is.';
comment on column processes.timers.process is 'The process''s name.';
comment on column processes.timers.instance is 'The instance that scheduled it.';
comment on column processes.timers.name is 'What the timer is called there.';
comment on column processes.timers.id is 'Its id, which follows from what scheduled it.';
comment on column processes.timers.due_at is 'When it fires.';
comment on column processes.timers.event_id is 'The event that it all began with.';
comment on column processes.timers.position is 'The position of that event.';
comment on column processes.timers.correlation_id is 'The request that it all began with.';

comment on table processes.ledger is 'What processes requested and what came of it; what is personal in it is sealed. Kept as long as the log.';
comment on column processes.ledger.id is 'Its number.';
comment on column processes.ledger.tenant_id is 'Whose it is.';
comment on column processes.ledger.process is 'The process''s name.';
comment on column processes.ledger.instance is 'The instance that requested it.';
comment on column processes.ledger.cause is 'What was reacted to: an event, a timer or an outcome.';
comment on column processes.ledger.key is 'What tells the requests of one cause apart.';
comment on column processes.ledger.kind is 'An effect or a command; or a reaction that failed, or waits behind one.';
comment on column processes.ledger.name is 'The stored name of the effect or the command.';
comment on column processes.ledger.payload is 'Its fields, as JSON. Confidential.';
comment on column processes.ledger.status is 'How it stands.';
comment on column processes.ledger.attempts is 'How often it was tried.';
comment on column processes.ledger.next_at is 'When it is tried next.';
comment on column processes.ledger.token is 'The lease under which it was last tried.';
comment on column processes.ledger.event_id is 'The event that it all began with.';
comment on column processes.ledger.position is 'The position of that event.';
comment on column processes.ledger.correlation_id is 'The request that it all began with.';
comment on column processes.ledger.error is 'Why it failed last. Confidential.';
comment on column processes.ledger.result is 'What came of it, as JSON. Confidential.';
comment on column processes.ledger.discard is 'Why an operator gave it up.';
comment on column processes.ledger.made_at is 'When it was requested.';
comment on column processes.ledger.finished_at is 'When it ended; null: it has not.';

comment on table audit.data_access is 'Who read what and whose data it was; it holds ids and names of fields, no values. Kept 2 years, by whole months.';
comment on column audit.data_access.tenant_id is 'In which tenant it was read.';
comment on column audit.data_access.at is 'When it was read.';
comment on column audit.data_access.id is 'Its number.';
comment on column audit.data_access.user_id is 'Who read it. Confidential.';
comment on column audit.data_access.session_id is 'In which session. Confidential.';
comment on column audit.data_access.kind is 'How they showed who they are: person, service, key, nobody, webhook, or operator on a machine.';
comment on column audit.data_access.operation is 'The operation''s name; empty when it has none.';
comment on column audit.data_access.root_fields is 'The root fields that were asked for.';
comment on column audit.data_access.fields is 'Which fields of which types were answered, as Task.title.';
comment on column audit.data_access.subjects is 'Whose data it was. Confidential.';
comment on column audit.data_access.revealed is 'The confidential fields that were shown in plain.';
comment on column audit.data_access.correlation_id is 'The request.';
comment on column audit.data_access.outcome is 'What came of it: done, refused, denied or failed.';

comment on table audit.anchors is 'A hash over what a month had held when it was dropped: proof that a copy is whole. Kept as long as the log.';
comment on column audit.anchors.log is 'Which log was dropped from.';
comment on column audit.anchors.month is 'The month.';
comment on column audit.anchors.tenant_id is 'Whose rows they were.';
comment on column audit.anchors.rows is 'How many there were.';
comment on column audit.anchors.first is 'When the first of them was written.';
comment on column audit.anchors.last is 'When the last of them was written.';
comment on column audit.anchors.hash is 'The hash over all of them.';
comment on column audit.anchors.dropped_at is 'When they were dropped.';

comment on table audit.retention is 'From when on each log is kept; what is older is gone, and no rebuild brings it back. Kept while the installation stands.';
comment on column audit.retention.log is 'Which log.';
comment on column audit.retention.since is 'From when on it is kept.';
comment on column audit.retention.changed_at is 'When that was last changed.';

comment on table placement.tenants is 'Where each tenant''s data lie. Kept while the tenant is here.';
comment on column placement.tenants.tenant_id is 'The tenant.';
comment on column placement.tenants.name is 'What it is called.';
comment on column placement.tenants.slug is 'Its slug, which is unique over all places.';
comment on column placement.tenants.kind is 'Pooled, in the platform''s database, or a silo, in its own.';
comment on column placement.tenants.region is 'The region that serves it.';
comment on column placement.tenants.server is 'The silo''s server, as an address without a password; null: the platform''s own. Restricted.';
comment on column placement.tenants.database is 'The silo''s database.';
comment on column placement.tenants.redis_prefix is 'What the silo''s keys in Redis begin with.';
comment on column placement.tenants.index_prefix is 'What the silo''s search indexes begin with.';
comment on column placement.tenants.state is 'How it stands: provisioning, ready, moving or failed.';
comment on column placement.tenants.token is 'Newer with every change, so that whoever keeps a copy sees that there is one.';
comment on column placement.tenants.updated_at is 'When it changed last.';

comment on table placement.away is 'Which tenants'' data in this database are no longer read, for they have moved. Kept until the tenant returns.';
comment on column placement.away.tenant_id is 'The tenant.';
comment on column placement.away.hidden is 'Whether its data can no longer be read here.';
comment on column placement.away.since is 'Since when it may not be written here.';

comment on table auth.attempts is 'When somebody tried to sign in and failed, by fingerprints of accounts and places. Kept two days.';
comment on column auth.attempts.kind is 'What was tried.';
comment on column auth.attempts.fingerprint is 'By whom or from where, as a fingerprint. Confidential.';
comment on column auth.attempts.about is 'The account that it is about, as a fingerprint. Confidential.';
comment on column auth.attempts.moments is 'When it was tried.';
comment on column auth.attempts.at is 'When it was tried last.';

comment on table auth.familiar is 'Where people have signed in before, as fingerprints of account and device or network. Kept until it was not used for ninety days.';
comment on column auth.familiar.fingerprint is 'Account and device, or account and network. Confidential.';
comment on column auth.familiar.about is 'The account. Confidential.';
comment on column auth.familiar.at is 'When it was last used.';

comment on table auth.spent is 'What may be used once and was, as fingerprints. Kept until it would have run out.';
comment on column auth.spent.fingerprint is 'What was used. Restricted.';
comment on column auth.spent.until is 'When it would have run out.';

comment on table auth.signing_keys is 'The keys that sign tokens, sealed under a key that follows from the installation''s secret. Kept until what they signed has run out.';
comment on column auth.signing_keys.kid is 'The key''s id, as tokens name it.';
comment on column auth.signing_keys.sealed is 'The private key, sealed. Restricted.';
comment on column auth.signing_keys.public is 'The public key. Public.';
comment on column auth.signing_keys.created_at is 'When it was made.';
comment on column auth.signing_keys.retired_at is 'Since when it signs nothing new; null: it is the current one.';

comment on table mail.opt_outs is 'Who wants no mail that others cause, as keyed fingerprints. Kept while the installation stands.';
comment on column mail.opt_outs.recipient is 'The fingerprint of the address.';
comment on column mail.opt_outs.at is 'When they said so.';

comment on table mail.sent is 'Which mails left, by which limits count; recipients and tenants as keyed fingerprints. Kept 2 days.';
comment on column mail.sent.key is 'What the mail was sent for, so that it counts once.';
comment on column mail.sent.kind is 'The kind of mail.';
comment on column mail.sent.recipient is 'The fingerprint of the address.';
comment on column mail.sent.sender is 'The fingerprint of the tenant.';
comment on column mail.sent.at is 'When it left.';

comment on table keys.tenant_keys is 'The key of each tenant, wrapped by the master key. Kept while the installation stands.';
comment on column keys.tenant_keys.tenant_id is 'The tenant.';
comment on column keys.tenant_keys.generation is 'Its number among the tenant''s keys.';
comment on column keys.tenant_keys.master_key is 'Which master key wrapped it, in the words of the service that keeps that.';
comment on column keys.tenant_keys.wrapped is 'The wrapped key; empty once it is retired. Restricted.';
comment on column keys.tenant_keys.created_at is 'When it was made.';
comment on column keys.tenant_keys.retired_at is 'Since when nothing is wrapped under it any more.';

comment on table keys.subject_keys is 'The data keys of people, each wrapped by the tenant''s key; overwritten when the person is erased. Kept until the person is erased.';
comment on column keys.subject_keys.tenant_id is 'The tenant.';
comment on column keys.subject_keys.subject_id is 'Whose data it seals.';
comment on column keys.subject_keys.generation is 'Its number among the person''s keys.';
comment on column keys.subject_keys.tenant_generation is 'The tenant''s key that wraps it; null: it is destroyed.';
comment on column keys.subject_keys.wrapped is 'The wrapped key; empty once it is destroyed. Restricted.';
comment on column keys.subject_keys.created_at is 'When it was made.';
comment on column keys.subject_keys.destroyed_at is 'When it was destroyed; null: it is not.';
comment on column keys.subject_keys.fingerprint is 'The SHA-256 of what was overwritten, for the certificate of an erasure.';
