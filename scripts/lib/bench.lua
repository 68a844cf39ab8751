-- What wrk posts and asks for scripts/bench, case by case, and its figures as one line of JSON.
-- tests/bench/bench.c makes the same activities and leads for the ceilings.
--
-- Told by the environment, so that no key stands in the list of processes: BENCH_CASE, BENCH_KEY,
-- BENCH_IDS (a file, one lead id a line), BENCH_RUN (a word that no other run has), BENCH_ETAG.

local case = os.getenv("BENCH_CASE")
local ID_BYTES = 37
local HOT_EVERY = 50
local BATCH_ITEMS = 100

local threads = 0

function setup(thread)
    thread:set("thread_number", threads)
    threads = threads + 1
end

local ids, id_count, host

local function read_ids()
    local file = assert(io.open(os.getenv("BENCH_IDS"), "rb"))
    ids = file:read("*a")
    file:close()
    id_count = math.floor(#ids / ID_BYTES)
end

local function id_at(index)
    return ids:sub(index * ID_BYTES + 1, index * ID_BYTES + ID_BYTES - 1)
end

local function any_id()
    return id_at(math.random(0, id_count - 1))
end

-- Nine times of ten one of every fiftieth.
local function hot_id()
    if math.random() < 0.9 then
        return id_at(math.random(0, math.ceil(id_count / HOT_EVERY) - 1) * HOT_EVERY)
    end
    return any_id()
end

local function choose(choices)
    local left = math.random(0, 99)
    for i = 1, #choices, 2 do
        if left < choices[i + 1] then
            return choices[i]
        end
        left = left - choices[i + 1]
    end
end

local activity_types = { "page_view", 60, "email_opened", 20, "email_clicked", 12,
                         "content_downloaded", 5, "form_submitted", 3 }
local sources = { "search", 40, "website", 30, "social", 15, "referral", 10, "event", 5 }
local PROPERTIES = '"properties":{"url":"https://www.example.com/pricing","referrer":"search"}'

local function raw(method, path, headers, body)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Host: " .. host,
                    "Authorization: Bearer " .. os.getenv("BENCH_KEY") }
    for _, header in ipairs(headers) do
        lines[#lines + 1] = header
    end
    if body then
        lines[#lines + 1] = "Content-Type: application/json"
        lines[#lines + 1] = "Content-Length: " .. #body
    end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

local function post_activity(id)
    local body = '{"type":"' .. choose(activity_types) .. '",' .. PROPERTIES .. '}'
    return raw("POST", "/v1/leads/" .. id .. "/activities", {}, body)
end

local posted = 0

local function post_lead()
    posted = posted + 1
    local body = '{"email":"ann.miller.' .. string.format("%x", math.random(0, 0x7fffffff)) .. "."
        .. os.getenv("BENCH_RUN") .. "." .. thread_number .. "." .. posted .. '@acme.example",'
        .. '"first_name":"Ann","last_name":"Miller","company":"Acme Industries",'
        .. '"job_title":"Head of IT","country":"DE","source":"' .. choose(sources) .. '"}'
    return raw("POST", "/v1/leads", {}, body)
end

local function post_batch()
    local items = {}
    for i = 1, BATCH_ITEMS do
        items[i] = '{"lead_id":"' .. any_id() .. '","type":"' .. choose(activity_types) .. '",'
            .. PROPERTIES .. '}'
    end
    return raw("POST", "/v1/activities", {}, '{"activities":[' .. table.concat(items, ",") .. ']}')
end

local stages = { "target", 40, "mql", 20, "sql", 20, "demo", 10, "proposal", 10 }

-- Below a score that the stage has leads of: those of target have less than 50, mql's have more.
-- From another score each time, which none has: so nothing has been asked before.
local function get_page()
    local stage = choose(stages)
    local below = stage == "target" and math.random(6, 50) or math.random(55, 90)
    return raw("GET", string.format("/v1/leads?stage=%s&sort=-score&limit=50&score[lt]=%d"
        .. "&score[gte]=%d", stage, below, -math.random(1000, 1000000)), {})
end

-- A quarter since any day: more of them than the daemon keeps answers of.
local function get_days()
    local year, month, day = math.random(2024, 2025), math.random(1, 9), math.random(1, 28)
    return raw("GET", string.format("/v1/metrics/funnel?basis=cohort&group_by=source"
        .. "&from=%d-%02d-%02d&to=%d-%02d-%02d", year, month, day, year, month + 3, day), {})
end

local always = nil -- a request that never changes

local makers = {
    activity = function() return post_activity(any_id()) end,
    hot = function() return post_activity(hot_id()) end,
    lead = post_lead,
    batch = post_batch,
    pages = get_page,
    days = get_days,
    one = function() return raw("GET", "/v1/leads/" .. any_id(), {}) end,
}

function init()
    host = wrk.host .. ":" .. wrk.port
    math.randomseed(os.time() * 16 + thread_number)
    read_ids()
    local path = os.getenv("BENCH_PATH")
    if path and path ~= "" then
        local etag = os.getenv("BENCH_ETAG")
        always = raw("GET", path, etag and etag ~= "" and { "If-None-Match: " .. etag } or {})
    end
end

function request()
    return always or makers[case]()
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('RESULT {"count": %d, "us": %d, "p50_ms": %.3f, "p99_ms": %.3f, '
        .. '"refused": %d, "broken": %d}\n', summary.requests, summary.duration,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout))
end
