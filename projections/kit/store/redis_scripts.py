"""The Lua by which the keys of a Redis view are read and written: for everybody else each script is one step.

The first key of each is the mark, the second the roster; ``ARGV[1]`` is the epoch that the caller knows.
"""

_KNOWN = """
-- The mark, as long as the roster that it vouches for is there; else neither counts any more.
local function known()
  local text = redis.call('GET', KEYS[1])
  if not text then return nil end
  local m = {string.match(text, '^(%x+):(%d):(%d+):(%d+):(%d+):(%d+):(.*)$')}
  if #m == 0 or redis.call('SCARD', KEYS[2]) ~= tonumber(m[6]) then
    redis.call('UNLINK', KEYS[1], KEYS[2])
    return nil
  end
  return {epoch = m[1], open = m[2], position = m[3], folded = m[4], token = m[5],
          rows = tonumber(m[6]), lost = m[7]}
end

local function written(m)
  return table.concat({m.epoch, m.open, m.position, m.folded, m.token, m.rows, m.lost}, ':')
end

-- The mark keeps its own time to live: only a renewal, which has seen every row, may prolong it.
local function put(m) redis.call('SET', KEYS[1], written(m), 'KEEPTTL') end

-- A key that is on the roster and not there was evicted or deleted by somebody: its tenant's rows count no more.
local function missed(m, member)
  if redis.call('SISMEMBER', KEYS[2], member) == 0 then return false end
  local tenant = string.sub(member, 1, 36)
  if not string.find(m.lost, tenant, 1, true) then
    m.lost = m.lost == '' and tenant or m.lost .. ',' .. tenant
  end
  return true
end
"""

PREPARE = f"""{_KNOWN}
if known() then return 0 end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""ARGV: a new mark, its time to live."""

LOOK = f"""{_KNOWN}
local m = known()
return m and written(m)
"""

READ = f"""{_KNOWN}
local m = known()
if not m then return {{}} end
local answer, lost = {{''}}, false
if m.epoch == ARGV[1] then
  for i = 3, #KEYS do
    local value = redis.call('GET', KEYS[i])
    if i - 2 > tonumber(ARGV[3]) then
      local member = string.sub(KEYS[i], ARGV[2] + 1)
      if not value then
        lost = missed(m, member) or lost
      elseif redis.call('SISMEMBER', KEYS[2], member) == 0 then
        value = false  -- Nobody folded it: somebody put it there.
      end
    end
    answer[i - 1] = value
  end
  if lost then put(m) end
end
answer[1] = written(m)
return answer
"""
"""ARGV: epoch, the length of what keys of rows begin with, how many of the keys are no rows: these come first.
Answers the mark, and the values when the epoch is right; nothing when there is no mark."""

SAVE = f"""{_KNOWN}
local m = known()
if not m or m.epoch ~= ARGV[1] then return 'lost' end
if tonumber(m.token) > tonumber(ARGV[5]) then return 'newer token ' .. m.token end
if m.position .. ':' .. m.token ~= ARGV[2] then return 'position ' .. m.position .. ' token ' .. m.token end
for i = 3, #KEYS do
  local value, member = ARGV[i + 5], string.sub(KEYS[i], ARGV[7] + 1)
  if value == '' then
    redis.call('UNLINK', KEYS[i])
    m.rows = m.rows - redis.call('SREM', KEYS[2], member)
  else
    redis.call('SET', KEYS[i], value, 'PX', ARGV[6])
    m.rows = m.rows + redis.call('SADD', KEYS[2], member)
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[6])
m.position, m.folded, m.token = ARGV[3], ARGV[4], ARGV[5]
put(m)
return 'saved'
"""
"""ARGV: epoch, position and token that are expected, position, folded, token, time to live, length as in `READ`,
then a value for each row; an empty one deletes it."""

OPEN = f"""{_KNOWN}
local m = known()
if not m or m.epoch ~= ARGV[1] then return 0 end
m.open = '1'
put(m)
return 1
"""

RENEW = f"""{_KNOWN}
local m = known()
if not m or m.epoch ~= ARGV[1] then return 0 end
local lost = false
for i = 3, #KEYS do
  if redis.call('PEXPIRE', KEYS[i], ARGV[3]) == 0 then
    lost = missed(m, string.sub(KEYS[i], ARGV[2] + 1)) or lost
  end
end
if lost then put(m) end
return 1
"""
"""ARGV: epoch, length as in `READ`, time to live of the rows."""

PROLONG = f"""{_KNOWN}
local m = known()
if not m or m.epoch ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
"""ARGV: epoch, time to live of the mark, of the roster."""

CLEAR = f"""{_KNOWN}
local m = known()
if not m or m.epoch ~= ARGV[1] or m.token ~= ARGV[3] then return 0 end
for i = 3, #KEYS do
  redis.call('UNLINK', KEYS[i])
  m.rows = m.rows - redis.call('SREM', KEYS[2], string.sub(KEYS[i], ARGV[2] + 1))
end
put(m)
return 1
"""
"""ARGV: epoch, length as in `READ`, the token of the last write."""

FOUND = f"""{_KNOWN}
local m = known()
if not m or m.epoch ~= ARGV[1] or m.token ~= ARGV[2] then return 0 end
local others = {{}}
for tenant in string.gmatch(m.lost, '[^,]+') do
  if tenant ~= ARGV[3] then others[#others + 1] = tenant end
end
m.lost = table.concat(others, ',')
put(m)
return 1
"""
"""ARGV: epoch, the token of the last write, a tenant whose rows are all there again."""

FORGET = """
local mark = redis.call('GET', KEYS[1])
if mark and string.match(mark, '^%x+') ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1], KEYS[2])
"""

SWEEP = """
local mark = redis.call('GET', KEYS[1])
local living = mark and ARGV[1] .. string.match(mark, '^%x+') .. ':'
for i = 3, #KEYS do
  if not living or string.sub(KEYS[i], 1, #living) ~= living then redis.call('UNLINK', KEYS[i]) end
end
return 1
"""
"""Rows of the epoch that counts are spared, so that a late sweep cannot hit what another
worker refills."""
