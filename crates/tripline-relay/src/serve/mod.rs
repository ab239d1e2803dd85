//! Takes connections and requests within the limits: [`grpc`] and [`http`] are the ways in, [`admin`] is
//! for operators, [`body`] reads what was sent.

mod admin;
mod body;
mod connections;
mod grpc;
mod http;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use tonic::Status;

pub(crate) use self::connections::{Connections, Listening};
use crate::budget::{Budget, Held};
use crate::relay::Relay;
use crate::settings::Limits;

/// What every request has at hand.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) relay: Arc<Relay>,
    pub(crate) budget: Budget,
    /// Requests that may be worked on at once.
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) limits: Arc<Limits>,
    /// What senders must send as a bearer token.
    pub(crate) token: Option<Arc<str>>,
}

impl App {
    /// Waits for a turn, and holds nothing yet. What has no turn is not read, so that its sender waits.
    async fn turn(&self) -> Held {
        self.budget
            .held(Arc::clone(&self.turns).acquire_owned().await.ok())
    }

    /// Why a request is too large.
    fn too_large(&self) -> String {
        format!(
            "a request has at most {} bytes, also once it is decompressed (--max-request)",
            self.limits.request
        )
    }

    /// Tells the operator, because the limit can be raised.
    fn says_too_large(&self) {
        tracing::error!(
            limit = self.limits.request,
            "a request is larger than --max-request; that can be raised"
        );
    }
}

/// Everything that senders may ask.
pub(crate) fn senders(app: App) -> Router {
    let guarded = Router::new()
        .route("/vector.Vector/PushEvents", post(grpc::push_events))
        .route("/vector.Vector/HealthCheck", post(grpc::health_check))
        .route(
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            post(grpc::export),
        )
        .route("/v1/logs", post(http::logs))
        .route("/metrics", get(admin::metrics))
        .route_layer(middleware::from_fn_with_state(app.clone(), known));
    guarded
        .route("/healthz", get(admin::healthz))
        .route("/readyz", get(admin::readyz))
        .fallback(admin::nothing)
        .with_state(app)
}

/// Everything that operators may ask.
pub(crate) fn operators(app: App) -> Router {
    Router::new()
        .route("/metrics", get(admin::metrics))
        .route("/healthz", get(admin::healthz))
        .route("/readyz", get(admin::readyz))
        .fallback(admin::nothing)
        .with_state(app)
}

/// How the header begins that has a token.
const SCHEME: &[u8] = b"Bearer ";

/// Lets requests with the right token pass.
async fn known(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(token) = &app.token else {
        return next.run(request).await;
    };
    let given = request.headers().get(::http::header::AUTHORIZATION);
    // Schemes are told apart without case (RFC 9110, 11.1).
    let given = given.and_then(|given| given.as_bytes().split_at_checked(SCHEME.len()));
    if given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case(SCHEME) && same(given.trim_ascii(), token.as_bytes())
    }) {
        return next.run(request).await;
    }
    app.relay.counters.unauthorized.add(1);
    let status = Status::unauthenticated("the request has not the bearer token that is asked for");
    let is_grpc = request
        .headers()
        .get(::http::header::CONTENT_TYPE)
        .is_some_and(|of| of.as_bytes().starts_with(b"application/grpc"));
    if is_grpc {
        status.into_http::<axum::body::Body>()
    } else {
        http::refused(&status)
    }
}

/// Compares in a time that does not tell how much is the same.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one
        .iter()
        .zip(other)
        .fold(0, |differ, (one, other)| differ | (one ^ other));
    one.len() == other.len() && differ == 0
}
