//! Facts about this deployment: build, health, features, SSH settings.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use proto::rest::deployment::BuildInfo;

use super::body::Json;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "OK" }))
        .route("/latency-check", get(|| async { "OK" }))
        .route("/api/v2", get(|| async { Json(proto::rest::Response::new("\u{1f44b}")) }))
        .route("/api/v2/buildinfo", get(build_info))
}

async fn build_info(State(state): State<AppState>) -> Json<BuildInfo> {
    Json(BuildInfo {
        external_url: "https://homeport.invalid".into(),
        version: crate::VERSION.into(),
        dashboard_url: state.access_url.to_string().trim_end_matches('/').into(),
        agent_api_version: "2.10".into(),
        provisioner_api_version: "1.11".into(),
        deployment_id: state.deployment_id.to_string(),
        ..BuildInfo::default()
    })
}
