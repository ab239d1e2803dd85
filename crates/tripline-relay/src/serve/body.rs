//! The body of a request: read within the budget, at the pace that is asked for, and unpacked.

use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::Body as _;
use tokio::time::Instant;
use tonic::Status;

use super::App;
use crate::apart::apart;
use crate::budget::Held;

/// How many bytes a second a sender has to send at least, after the time in which it may be silent.
const PACE: u64 = 1 << 10;

/// How much is unpacked at once.
const PIECE: usize = 64 << 10;

/// Why there is no body.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is larger than a request may be.
    TooLarge,
    /// Its sender fell silent, or is too slow.
    Slow(String),
    /// Anything else.
    Other(Status),
}

impl From<Status> for Unread {
    fn from(status: Status) -> Unread {
        Unread::Other(status)
    }
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

impl Packing {
    /// As headers name it; none where it is not packed, or in a way that is unknown.
    pub(super) fn named(name: &[u8]) -> Option<Packing> {
        match name {
            b"gzip" => Some(Packing::Gzip),
            b"zstd" => Some(Packing::Zstd),
            _ => None,
        }
    }
}

/// Reads a body of at most so many bytes, which are held then.
pub(super) async fn read(
    app: &App,
    mut body: Body,
    most: usize,
    held: &mut Held,
) -> Result<Bytes, Unread> {
    let silence = app.limits.silence;
    let began = Instant::now();
    let mut parts: Vec<Bytes> = Vec::new();
    let mut length = 0;
    loop {
        let paced = began + silence + Duration::from_secs(length as u64 / PACE);
        let until = paced.min(Instant::now() + silence);
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = match tokio::time::timeout_at(until, next).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => {
                let said = format!("the request broke off: {error}");
                return Err(Status::cancelled(said).into());
            }
            Err(_) if until == paced => {
                let said = format!("a request came slower than {PACE} bytes a second");
                return Err(Unread::Slow(said));
            }
            Err(_) => {
                let seconds = silence.as_secs_f64();
                let said = format!("nothing came for {seconds} s in the middle of a request");
                return Err(Unread::Slow(said));
            }
        };
        let Ok(part) = frame.into_data() else {
            continue;
        };
        length += part.len();
        if length > most {
            return Err(Unread::TooLarge);
        }
        held.more(part.len())?;
        held.room(&mut parts)?;
        parts.push(part);
    }
    if let [one] = parts.as_mut_slice() {
        return Ok(std::mem::take(one));
    }
    // For as long as it is there twice.
    held.more(length)?;
    let mut whole = Vec::with_capacity(length);
    for part in parts {
        whole.extend_from_slice(&part);
    }
    held.less(length);
    Ok(whole.into())
}

/// Unpacks a body that is packed, and gives what `take` makes of it, where that holds up no other request.
pub(super) async fn opened<T: Send + 'static>(
    app: &App,
    body: Bytes,
    packing: Option<Packing>,
    mut held: Held,
    take: impl FnOnce(Bytes, Held) -> T + Send + 'static,
) -> Result<T, Unread> {
    let most = app.limits.request;
    // What is packed may be large then.
    let length = packing.map_or(body.len(), |_| usize::MAX);
    apart(length, move || {
        let body = match packing {
            Some(packing) => unpacked(&body, packing, most, &mut held)?,
            None => body,
        };
        Ok(take(body, held))
    })
    .await?
}

/// A body as it was before it was packed, which is held in its place.
fn unpacked(
    packed: &Bytes,
    packing: Packing,
    most: usize,
    held: &mut Held,
) -> Result<Bytes, Unread> {
    let broken = |error: std::io::Error| {
        Unread::Other(Status::invalid_argument(format!(
            "cannot decompress the request: {error}"
        )))
    };
    let mut reader: Box<dyn Read + '_> = match packing {
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(&packed[..])),
        Packing::Zstd => {
            Box::new(zstd::stream::read::Decoder::with_buffer(&packed[..]).map_err(broken)?)
        }
    };
    let mut out = Vec::new();
    loop {
        let begin = out.len();
        // Half as much again, so that little is copied, and not more than is held.
        let piece = PIECE.max(begin / 2);
        held.more(piece)?;
        out.reserve_exact(piece);
        let read = (&mut reader).take(piece as u64).read_to_end(&mut out);
        let read = read.map_err(broken)?;
        if out.len() > most {
            return Err(Unread::TooLarge);
        }
        if read < piece {
            break;
        }
    }
    held.less(out.capacity() - out.len() + packed.len());
    out.shrink_to_fit();
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use super::*;
    use crate::budget::Budget;
    use crate::counters::Counters;

    #[test]
    fn what_is_unpacked_is_held_in_place_of_what_was_packed() {
        let text = "abcdefgh".repeat(100_000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let gzip = Bytes::from(gzip.finish().unwrap());
        let zstd = Bytes::from(zstd::bulk::compress(text.as_bytes(), 1).unwrap());
        for (packed, packing) in [(gzip, Packing::Gzip), (zstd, Packing::Zstd)] {
            let counters = Arc::new(Counters::default());
            let budget = Budget::new(2_000_000, Arc::clone(&counters));
            let mut held = budget.held(None);
            held.more(packed.len()).unwrap();
            let all = unpacked(&packed, packing, 1_000_000, &mut held).unwrap();
            assert_eq!(all, text.as_bytes());
            assert_eq!(counters.held.get(), text.len() as u64);
            let too_large = unpacked(&packed, packing, text.len() - 1, &mut held);
            assert!(matches!(too_large, Err(Unread::TooLarge)));
            let mut little = Budget::new(100_000, Arc::default()).held(None);
            let refused = unpacked(&packed, packing, 1_000_000, &mut little);
            assert!(matches!(refused, Err(Unread::Other(_))), "a bomb");
        }
    }
}
