-- Sends prepared requests of one length, each once; says at the end how it went, as JSON.
local requests, length, count, sent

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  requests = file:read("*a")
  file:close()
  length = tonumber(arguments[2])
  count = #requests / length
  sent = 0
end

function request()
  local start = (sent % count) * length
  sent = sent + 1
  return requests:sub(start + 1, start + length)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
