//! Where records go: [`Target`] says where, and [`Forward`] sends what is left of a batch there and gives
//! the receiver's own answer. A room for each kind of receiver.
//!
//! INVARIANT: what is sent is answered with success only when the receiver has all of it, but for what it
//! says that it rejected.

mod codec;
mod file;
mod grpc;
mod http;
mod partial;
mod target;

use std::fmt;
use std::sync::Arc;

use tonic::{Code, Status};

#[cfg(test)]
pub(crate) use self::codec::Raw;
pub(crate) use self::partial::Partial;
pub use self::target::Target;
use crate::apart::apart;
use crate::budget::Held;
use crate::records::{Batch, Edits, lines, otlp, vector};
use crate::settings::{Receiver, RelayError};

/// A receiver that is sent to.
pub(crate) struct Forward {
    name: String,
    to: To,
}

/// How it is sent to.
enum To {
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

impl fmt::Display for Forward {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.name)
    }
}

impl Forward {
    /// Made ready to be sent to. A receiver that cannot be reached yet is no error.
    ///
    /// # Errors
    /// When its certificates or its file cannot be opened.
    pub(crate) fn to(receiver: &Receiver) -> Result<Forward, RelayError> {
        let to = match &receiver.target {
            Target::Vector { .. } => To::Vector(grpc::Client::new(receiver)?),
            Target::Otlp { .. } => To::Otlp(grpc::Client::new(receiver)?),
            Target::OtlpHttp(address) => {
                let content_type = "application/x-protobuf";
                To::OtlpHttp(http::Client::new(address, content_type, receiver)?)
            }
            Target::Http(address) => {
                let content_type = "application/x-ndjson";
                To::Http(http::Client::new(address, content_type, receiver)?)
            }
            Target::File(path) => To::File(file::Appending::open(path, receiver.timeout)?),
            Target::Standard => To::File(file::Appending::standard(receiver.timeout)),
        };
        Ok(Forward {
            name: receiver.target.to_string(),
            to,
        })
    }

    /// Sends what is left of a batch, with what its records gain.
    pub(crate) async fn records(
        &self,
        batch: &Arc<Batch>,
        edits: Edits,
        member: &Arc<str>,
    ) -> Result<Option<Partial>, Status> {
        let rebuilt = match &self.to {
            To::Vector(_) => vector::rebuilt,
            To::Otlp(_) | To::OtlpHttp(_) => otlp::rebuilt,
            To::Http(_) | To::File(_) => lines::rebuilt,
        };
        let mut held = batch.held.another();
        let (of, member) = (Arc::clone(batch), Arc::clone(member));
        let made = apart(batch.bytes.len(), move || {
            rebuilt(&of, &edits, &member, &mut held).map(|bytes| (bytes, held))
        });
        let (bytes, held) = made.await??;
        if bytes.is_empty() {
            return Ok(None);
        }
        match &self.to {
            To::Vector(client) | To::Otlp(client) => client.send(bytes).await,
            To::OtlpHttp(client) | To::Http(client) => client.send(bytes).await,
            // What is written goes on though nobody waits for it any more, and holds what it takes.
            To::File(file) => file
                .send(bytes, (Arc::clone(batch), held))
                .await
                .map(|()| None),
        }
    }

    /// Sends detections, each JSON, as records.
    pub(crate) async fn detections(&self, detections: &[String]) -> Result<(), Status> {
        let mut text = detections.join("\n");
        text.push('\n');
        let batch = Arc::new(lines::batch(text.into(), Held::own())?);
        match self.records(&batch, Edits::new(), &Arc::from("")).await? {
            None => Ok(()),
            Some(partial) => Err(partial.status()),
        }
    }

    /// Whether the receiver can be reached and says that it can take records, as far as it can be asked.
    pub(crate) async fn is_ready(&self) -> Result<(), Status> {
        match &self.to {
            To::Vector(client) | To::Otlp(client) => client.health().await,
            To::OtlpHttp(client) | To::Http(client) => client.is_there().await,
            To::File(_) => Ok(()),
        }
    }
}

/// Whether a status says that this request would be refused again, because of what is in it.
pub(crate) fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::DataLoss | Code::OutOfRange
    )
}

/// An error with what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let more = error.to_string();
        if !said.contains(&more) {
            said.push_str(": ");
            said.push_str(&more);
        }
        behind = error.source();
    }
    said
}
