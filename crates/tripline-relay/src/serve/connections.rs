//! Connections: taken while there is room, by TLS where that is asked for, and let finish what they began
//! when the relay ends.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::counters::Counters;
use crate::settings::{Limits, RelayError};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How many requests one connection of HTTP/2 may have open.
const STREAMS: u32 = 256;

/// How many bytes of a connection of HTTP/2 may have come that no request has read: it is what senders are
/// told that they may send, and is not counted with the bytes of requests.
const WINDOW: u32 = 1 << 20;

/// From how many bytes on it is known what a connection speaks: HTTP/2 begins with so many. Any request of
/// HTTP/1 that is shorter is answered long before that is looked at.
const OPENING: usize = 24;

/// An address that is listened at.
pub(crate) struct Listening {
    listener: TcpListener,
    /// With the port that the system chose, if any was asked for.
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// Listens at an address.
    pub(crate) async fn at(address: SocketAddr) -> Result<Listening, RelayError> {
        let failed = |source: io::Error| RelayError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Listening { listener, address })
    }
}

/// Takes connections.
#[derive(Clone)]
pub(crate) struct Connections {
    room: Arc<Semaphore>,
    limits: Arc<Limits>,
    counters: Arc<Counters>,
    /// What is still under way.
    pub(crate) open: TaskTracker,
    /// Set when the relay ends.
    pub(crate) ending: CancellationToken,
}

impl Connections {
    /// None yet.
    pub(crate) fn new(limits: Arc<Limits>, counters: Arc<Counters>) -> Connections {
        Connections {
            room: Arc::new(Semaphore::new(limits.connections.max(1))),
            limits,
            counters,
            open: TaskTracker::new(),
            ending: CancellationToken::new(),
        }
    }

    /// Takes connections at an address until the relay ends.
    pub(crate) async fn take(self, at: Listening, tls: Option<TlsAcceptor>, router: Router) {
        loop {
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return;
            };
            let stream = tokio::select! {
                () = self.ending.cancelled() => return,
                accepted = at.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Such as too many open files: it may be better soon.
                        tracing::warn!(%error, "cannot take a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let (this, tls, router) = (self.clone(), tls.clone(), router.clone());
            self.open
                .spawn(async move { this.serve(stream, tls, router, room).await });
        }
    }

    async fn serve(
        self,
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        router: Router,
        _room: OwnedSemaphorePermit,
    ) {
        let _ = stream.set_nodelay(true);
        self.counters.connections.add(1);
        match tls {
            None => self.converse(stream, router).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.converse(stream, router).await,
                Ok(Err(error)) => {
                    self.counters.failed_handshakes.add(1);
                    tracing::debug!(%error, "a handshake failed");
                }
                Err(_) => self.counters.failed_handshakes.add(1),
            },
        }
        self.counters.connections.sub(1);
    }

    /// Answers the requests of a connection. One that does not say soon what is spoken is closed.
    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        router: Router,
    ) {
        let heard = Arc::new(AtomicUsize::new(0));
        let stream = Listened {
            stream,
            heard: Arc::clone(&heard),
        };
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.silence);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .keep_alive_interval(Some(self.limits.silence))
            .keep_alive_timeout(HANDSHAKE);
        let service = TowerToHyperService::new(router);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let opening = tokio::time::sleep(self.limits.silence);
        tokio::pin!(opening);
        let (mut ending, mut opened) = (false, false);
        loop {
            tokio::select! {
                () = opening.as_mut(), if !opened => {
                    if heard.load(Ordering::Relaxed) < OPENING {
                        tracing::debug!("a connection said nothing");
                        return;
                    }
                    opened = true;
                }
                done = connection.as_mut() => {
                    if let Err(error) = done {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                () = self.ending.cancelled(), if !ending => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// A stream, and how much of it was read.
struct Listened<S> {
    stream: S,
    heard: Arc<AtomicUsize>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = to.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, to);
        let more = to.filled().len() - before;
        this.heard.fetch_add(more, Ordering::Relaxed);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
