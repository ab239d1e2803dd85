//! What operators ask: counters, and whether the relay and its receiver are well.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::App;

/// The counters, for Prometheus.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let Some(mut text) = app.relay.judge.metrics().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    app.relay.counters.write(&mut text);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// The relay runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The receivers say that they can take records.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let receivers = std::iter::once(&app.relay.forward).chain(&app.relay.detections);
    for receiver in receivers {
        if let Err(status) = receiver.is_ready().await {
            let said = format!("{}\n", status.message());
            return (StatusCode::SERVICE_UNAVAILABLE, said).into_response();
        }
    }
    "ok\n".into_response()
}

/// There is nothing at this path.
pub(super) async fn nothing() -> Response {
    let said = "{\"error\": \"send records to /v1/logs, or by Vector's protocol\"}\n";
    (StatusCode::NOT_FOUND, said).into_response()
}
