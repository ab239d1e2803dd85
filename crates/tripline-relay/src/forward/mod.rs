//! Where records go: [`Target`] says where, and [`Forward`] sends what is left of a batch there and gives
//! the receiver's own answer. A room for each kind of receiver.
//!
//! INVARIANT: what is sent is answered with success only when the receiver has all of it.

mod file;
mod grpc;
mod http;
mod target;

use bytes::Bytes;
use tonic::Status;

pub use self::target::Target;
use crate::records::{Batch, Edits, lines, otlp, vector};
use crate::settings::{Receiver, RelayError};

/// A receiver that is sent to.
pub(crate) enum Forward {
    /// Vector's `vector` source, or another relay.
    Vector(grpc::Client),
    /// OpenTelemetry's logs by gRPC.
    Otlp(grpc::Client),
    /// The same by HTTP.
    OtlpHttp(http::Client),
    /// NDJSON by HTTP.
    Http(http::Client),
    /// NDJSON to a file or standard output.
    File(file::Appending),
}

impl Forward {
    /// Made ready to be sent to. A receiver that cannot be reached yet is no error.
    ///
    /// # Errors
    /// When its certificates or its file cannot be opened.
    pub(crate) fn to(receiver: &Receiver) -> Result<Forward, RelayError> {
        Ok(match &receiver.target {
            Target::Vector { .. } => Forward::Vector(grpc::Client::new(receiver)?),
            Target::Otlp { .. } => Forward::Otlp(grpc::Client::new(receiver)?),
            Target::OtlpHttp(address) => {
                let content_type = "application/x-protobuf";
                Forward::OtlpHttp(http::Client::new(address, content_type, receiver)?)
            }
            Target::Http(address) => {
                let content_type = "application/x-ndjson";
                Forward::Http(http::Client::new(address, content_type, receiver)?)
            }
            Target::File(path) => Forward::File(file::Appending::open(path)?),
            Target::Standard => Forward::File(file::Appending::standard()),
        })
    }

    /// Sends what is left of a batch, with what its records gain.
    pub(crate) async fn records(
        &self,
        batch: &Batch,
        edits: &Edits,
        member: &str,
    ) -> Result<(), Status> {
        match self {
            Forward::Vector(client) => client.send(vector::rebuilt(batch, edits, member)?).await,
            Forward::Otlp(client) => client.send(otlp::rebuilt(batch, edits, member)?).await,
            Forward::OtlpHttp(client) => client.send(otlp::rebuilt(batch, edits, member)?).await,
            Forward::Http(client) => client.send(lines::rebuilt(batch, edits, member)?).await,
            Forward::File(file) => file.send(lines::rebuilt(batch, edits, member)?).await,
        }
    }

    /// Sends detections, each JSON, as records.
    pub(crate) async fn detections(&self, detections: &[String]) -> Result<(), Status> {
        let mut text = detections.join("\n");
        text.push('\n');
        let batch = lines::batch(Bytes::from(text));
        self.records(&batch, &Vec::new(), "").await
    }

    /// Whether the receiver says that it can take records; those that cannot be asked can.
    pub(crate) async fn is_ready(&self) -> Result<(), Status> {
        match self {
            Forward::Vector(client) | Forward::Otlp(client) => client.health().await,
            Forward::OtlpHttp(_) | Forward::Http(_) | Forward::File(_) => Ok(()),
        }
    }
}
