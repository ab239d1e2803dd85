-- The rule's definition as SQL over the raw lines of a file, written without a look at the product:
-- for each successful token the user's most recent successful interactive sign-in at or before it
-- (the as-of join), at most ten minutes old, with another address and another AS number. An absent
-- value equals an absent value and nothing else (`is distinct from`).
with lines as (
    -- One column, whatever the line holds: no delimiter, quote or escape can occur in it.
    select line
    from read_csv($file, columns = {'line': 'varchar'}, header = false, auto_detect = false,
                  delim = chr(1), quote = '', escape = '', max_line_size = 10000000)
    where json_valid(line)
),
parts as (
    select
        coalesce(line ->> '$.category', line ->> '$.Type', line ->> '$.signInEventTypes[0]') as kind,
        coalesce(line ->> '$.properties.id', line ->> '$.Id', line ->> '$.id') as id,
        coalesce(line ->> '$.properties.createdDateTime', line ->> '$.TimeGenerated', line ->> '$.createdDateTime',
                 line ->> '$.time') as stamp,
        coalesce(line ->> '$.properties.userPrincipalName', line ->> '$.UserPrincipalName',
                 line ->> '$.userPrincipalName') as name,
        coalesce(line ->> '$.resultType', line ->> '$.ResultType', line ->> '$.status.errorCode') as result,
        coalesce(line ->> '$.properties.ipAddress', line ->> '$.IPAddress', line ->> '$.ipAddress') as ip,
        coalesce(line ->> '$.properties.autonomousSystemNumber', line ->> '$.AutonomousSystemNumber',
                 line ->> '$.autonomousSystemNumber') as asn
    from lines
),
signins as (
    -- `distinct`: a record that was delivered twice is one event.
    select distinct
        kind in ('SignInLogs', 'SigninLogs', 'interactiveUser') as interactive,
        id,
        -- Whole microseconds in seven or nine digits; a time without an offset is UTC.
        cast(regexp_replace(stamp, '(\.\d{6})\d*', '\1') as timestamptz) as time,
        lower(name) as user,
        -- The address without a port and without the mapping into IPv6.
        case when ip like '%.%' then regexp_extract(ip, '\d+\.\d+\.\d+\.\d+') else nullif(ip, '') end as ip,
        nullif(asn, '') as asn
    from parts
    where kind in ('SignInLogs', 'SigninLogs', 'interactiveUser',
                   'NonInteractiveUserSignInLogs', 'AADNonInteractiveUserSignInLogs', 'nonInteractiveUser')
      and result = '0' and name <> '' and stamp is not null
)
select token.id as token, login.id as login
from (select * from signins where not interactive) as token
asof join (select * from signins where interactive) as login
  on token.user = login.user and token.time >= login.time
where token.time - login.time <= interval 10 minutes
  and token.ip is distinct from login.ip
  and token.asn is distinct from login.asn
