//! Requests of OpenTelemetry in JSON (`ExportLogsServiceRequest` in the JSON mapping of OTLP), which are
//! taken as the protobuf that says the same.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message as _;
use tonic::Status;

/// The request in protobuf, if the bytes are one in JSON: an object that begins with `resourceLogs`, its
/// only member.
pub(crate) fn request(bytes: &[u8]) -> Option<Result<Bytes, Status>> {
    let inside = bytes.trim_ascii_start().strip_prefix(b"{")?;
    let rest = inside
        .trim_ascii_start()
        .strip_prefix(b"\"resourceLogs\"")?;
    rest.trim_ascii_start().strip_prefix(b":")?;
    let read = serde_json::from_slice::<ExportLogsServiceRequest>(bytes);
    Some(match read {
        Ok(request) => Ok(request.encode_to_vec().into()),
        Err(error) => Err(Status::invalid_argument(format!(
            "the request is no ExportLogsServiceRequest in JSON: {error}"
        ))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{otlp, values};
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
        let batch = otlp::batch(request(text.as_bytes()).unwrap().unwrap()).unwrap();
        let nothing = Vec::new();
        let said: Vec<_> = values(&batch, &nothing, "").map(Result::unwrap).collect();
        assert_eq!(
            said,
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
            assert!(request(text.as_bytes()).is_none(), "{text}");
        }
        let wrong = request(b"{\"resourceLogs\":7}").unwrap().unwrap_err();
        assert_eq!(wrong.code(), tonic::Code::InvalidArgument);
    }
}
