-- One Kafka message of Event Hubs holds many sign-ins: {"payload":{"records":[{...},{...}]}}.
-- Gives a record for each, or else the payload itself; what is no such message passes as it is.
function split(tag, timestamp, record)
  local payload = record["payload"]
  if type(payload) ~= "table" then
    return 0, timestamp, record
  end
  local records = payload["records"]
  if type(records) == "table" and type(records[1]) == "table" then
    return 2, timestamp, records
  end
  return 2, timestamp, payload
end
