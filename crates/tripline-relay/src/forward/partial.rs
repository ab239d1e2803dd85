//! What a receiver of OpenTelemetry's logs says where it did not take all of a request
//! (<https://opentelemetry.io/docs/specs/otlp/#partial-success>). Its sender must not send that again.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use prost::Message as _;
use tonic::Status;

/// Log records that a receiver rejected, while it took the others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partial(ExportLogsPartialSuccess);

impl Partial {
    /// As an answer in protobuf says it. What is no such answer, or rejects nothing, is success.
    pub(super) fn of(answer: &[u8]) -> Option<Partial> {
        Self::said(ExportLogsServiceResponse::decode(answer).ok()?)
    }

    /// As an answer in JSON says it.
    pub(super) fn of_json(answer: &[u8]) -> Option<Partial> {
        // Whole numbers of 64 bits are texts in the JSON of protobuf, and senders are told to take both.
        let value: serde_json::Value = serde_json::from_slice(answer).ok()?;
        let said = value.get("partialSuccess")?;
        let rejected = said.get("rejectedLogRecords")?;
        let rejected = rejected
            .as_i64()
            .or_else(|| rejected.as_str()?.parse().ok())?;
        let message = said.get("errorMessage").and_then(|text| text.as_str());
        Self::said(ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: rejected,
                error_message: message.unwrap_or_default().to_owned(),
            }),
        })
    }

    fn said(answer: ExportLogsServiceResponse) -> Option<Partial> {
        let said = answer.partial_success?;
        if said.rejected_log_records > 0 {
            return Some(Partial(said));
        }
        if !said.error_message.is_empty() {
            tracing::warn!("the receiver took all, and warns: {}", said.error_message);
        }
        None
    }

    /// The same answer in protobuf.
    pub(crate) fn protobuf(&self) -> Bytes {
        let answer = ExportLogsServiceResponse {
            partial_success: Some(self.0.clone()),
        };
        answer.encode_to_vec().into()
    }

    /// The same answer in JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::json!({"partialSuccess": {
            "rejectedLogRecords": self.0.rejected_log_records.to_string(),
            "errorMessage": self.0.error_message,
        }})
        .to_string()
    }

    /// For senders that know no such answer.
    pub(crate) fn status(&self) -> Status {
        Status::data_loss(self.to_string())
    }
}

impl std::fmt::Display for Partial {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            to,
            "the receiver rejected {} log records and took the others: {}",
            self.0.rejected_log_records, self.0.error_message
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_rejects_some_says_the_same_in_protobuf_and_json() {
        for text in [
            r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#,
            r#"{"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"no"}}"#,
        ] {
            let partial = Partial::of_json(text.as_bytes()).unwrap();
            assert_eq!(Partial::of(&partial.protobuf()), Some(partial.clone()));
            assert_eq!(Partial::of_json(partial.json().as_bytes()), Some(partial));
        }
    }

    #[test]
    fn other_answers_are_success() {
        for text in ["", "{}", "ok", r#"{"partialSuccess":{}}"#] {
            assert_eq!(Partial::of_json(text.as_bytes()), None, "{text}");
        }
        let warning = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: 0,
                error_message: "soon".to_owned(),
            }),
        };
        assert_eq!(Partial::of(&warning.encode_to_vec()), None);
        assert_eq!(Partial::of(b""), None);
        assert_eq!(Partial::of(b"<html>"), None);
    }
}
