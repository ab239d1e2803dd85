//! Work that takes long where a request is large: taking it apart, making it anew, packing it. It is done
//! where it holds up no other request.

use tonic::Status;

/// From so many bytes on; below, the way there and back costs more.
const LARGE: usize = 256 << 10;

/// Does work on so many bytes.
///
/// # Errors
/// When the work itself broke off, which is a defect; the sender is to try again.
pub(crate) async fn apart<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    if bytes < LARGE {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Status::internal(format!("the relay could not do its work: {error}")))
}
