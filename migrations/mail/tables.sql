create schema if not exists mail;
grant usage on schema mail to headwater_writer;

-- Who wants no mail that others cause. Keyed fingerprints: no address stands here.
create table mail.opt_outs (
    recipient uuid primary key,
    at timestamptz not null default clock_timestamp()
);

-- What left within the last days, by which the limits count. Recipient and sender (a tenant) are keyed fingerprints.
create table mail.sent (
    key uuid primary key,
    kind text not null,
    recipient uuid not null,
    sender uuid not null,
    at timestamptz not null
);
create index idx_mail_sent_recipient on mail.sent (recipient, kind, at);
create index idx_mail_sent_sender on mail.sent (sender, kind, at);
create index idx_mail_sent_at on mail.sent (at);

-- Counts a mail before it leaves: '' lets it go, whatever else is why it must not. The same key is counted once,
-- so another try of a mail is let go again.
create function mail.admit(
    a_key uuid, a_kind text, a_recipient uuid, a_sender uuid, per_recipient int, per_sender int, asked boolean
) returns text language plpgsql as $$
declare
    now_ timestamptz;
begin
    -- One at a time, so that many at once are as many.
    lock table mail.sent in share row exclusive mode;
    now_ := clock_timestamp();
    if not asked and exists (select from mail.opt_outs where recipient = a_recipient) then
        return 'opted out';
    end if;
    if exists (select from mail.sent where key = a_key) then
        return '';
    end if;
    delete from mail.sent where at < now_ - interval '2 days';
    if (select count(*) from mail.sent
         where recipient = a_recipient and kind = a_kind and at > now_ - interval '1 day') >= per_recipient then
        return 'too many for this address';
    end if;
    if (select count(*) from mail.sent
         where sender = a_sender and kind = a_kind and at > now_ - interval '1 day') >= per_sender then
        return 'too many of this tenant';
    end if;
    insert into mail.sent (key, kind, recipient, sender, at) values (a_key, a_kind, a_recipient, a_sender, now_);
    return '';
end $$;

grant select, insert, update, delete on mail.opt_outs, mail.sent to headwater_writer;
revoke all on function mail.admit from public;
grant execute on function mail.admit to headwater_writer;
