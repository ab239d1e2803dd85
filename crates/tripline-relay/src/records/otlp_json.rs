//! Requests of OpenTelemetry in JSON (`ExportLogsServiceRequest` in the JSON mapping of OTLP), which are
//! taken as the protobuf that says the same.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message as _;
use tonic::Status;

use super::{Batch, otlp};
use crate::budget::Held;

/// What each object of a request takes at most while it is read, in bytes: a log record, an attribute.
const OBJECT: usize = 256;

/// Whether the bytes are such a request: an object that begins with `resourceLogs`, its only member.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    let rest = |bytes: &[u8]| -> Option<()> {
        let inside = bytes.trim_ascii_start().strip_prefix(b"{")?;
        let rest = inside
            .trim_ascii_start()
            .strip_prefix(b"\"resourceLogs\"")?;
        rest.trim_ascii_start().strip_prefix(b":").map(drop)
    };
    rest(bytes).is_some()
}

/// The log records of a request, by way of the same in protobuf.
pub(crate) fn batch(bytes: &[u8], mut held: Held) -> Result<Batch, Status> {
    let objects = memchr::memchr_iter(b'{', bytes).count();
    let reading = 2 * bytes.len() + objects * OBJECT;
    held.more(reading)?;
    let request: ExportLogsServiceRequest = serde_json::from_slice(bytes).map_err(|error| {
        Status::invalid_argument(format!(
            "the request is no ExportLogsServiceRequest in JSON: {error}"
        ))
    })?;
    let request = Bytes::from(request.encode_to_vec());
    held.less(reading);
    held.more(request.len())?;
    otlp::batch(request, held)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::values;
    use super::*;

    #[test]
    fn a_request_in_json_is_the_one_in_protobuf_that_says_the_same() {
        let text = json!({"resourceLogs": [{
            "resource": {"attributes": [{"key": "service", "value": {"stringValue": "x"}}]},
            "scopeLogs": [{"scope": {}, "logRecords": [{
                "timeUnixNano": "1544712660300000000",
                "severityText": "Information",
                "traceId": "5b8efff798038103d269b633813fc60c",
                "body": {"kvlistValue": {"values": [
                    {"key": "user", "value": {"stringValue": "a"}},
                    {"key": "asn", "value": {"intValue": "65536"}},
                    {"key": "ok", "value": {"boolValue": true}}
                ]}},
                "attributes": []
            }]}]
        }]})
        .to_string();
        assert!(is_one(text.as_bytes()));
        let batch = batch(text.as_bytes(), Held::own()).unwrap();
        assert_eq!(
            values(&batch),
            [json!({
                "user": "a", "asn": 65536, "ok": true,
                "otel": {"resource": {"service": "x"}, "severity": "Information"}
            })]
        );
    }

    #[test]
    fn other_json_is_none() {
        for text in [
            "{}",
            "[]",
            "{\"a\":\"resourceLogs\"}",
            "{\"resourceLogs\"}",
            "{\"user\":1}\n",
        ] {
            assert!(!is_one(text.as_bytes()), "{text}");
        }
        let wrong = batch(b"{\"resourceLogs\":7}", Held::own()).unwrap_err();
        assert_eq!(wrong.code(), tonic::Code::InvalidArgument);
    }
}
