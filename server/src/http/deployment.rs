//! Facts about this deployment: build, health, features, SSH settings, permission checks.

use std::collections::BTreeMap;

use axum::extract::State;
use proto::rest::deployment::{
    AuthCheck, AuthChecks, BuildInfo, Entitlements, Region, Regions, SshConfig, UpdateCheck,
};
use serde_json::{Value, json};

use super::body::Json;
use super::error::ApiResult;
use super::routes::{Routes, get, post};
use crate::access::{Action, Object, User, Verdict, decide};
use crate::state::AppState;
use crate::store::{now, settings};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/healthz", get(|| async { "OK" }))
        .route("/latency-check", get(|| async { "OK" }))
        .route("/api/v2", get(|| async { Json(proto::rest::Response::new("\u{1f44b}")) }))
        .route("/api/v2/buildinfo", get(build_info))
        .route("/api/v2/deployment/ssh", get(ssh))
        .route("/api/v2/deployment/config", get(config))
        .route("/api/v2/deployment/stats", get(stats))
        .route("/api/v2/authcheck", post(auth_check))
        .route("/api/v2/entitlements", get(entitlements))
        .route("/api/v2/experiments", get(|_user: User| async { Json(Vec::<String>::new()) }))
        .route("/api/v2/experiments/available", get(|_user: User| async { Json(json!({"safe": []})) }))
        .route("/api/v2/updatecheck", get(update_check))
        .route("/api/v2/regions", get(regions))
        .route("/api/v2/appearance", get(appearance))
        .route("/api/v2/applications/host", get(|_user: User| async { Json(json!({"host": ""})) }))
        .route("/api/v2/external-auth", get(|_user: User| async { Json(json!({"providers": [], "links": []})) }))
        .route("/api/v2/debug/health", get(health))
}

async fn build_info(State(state): State<AppState>) -> Json<BuildInfo> {
    Json(BuildInfo {
        external_url: state.access_url.to_string(),
        version: crate::VERSION.into(),
        dashboard_url: state.access_url.to_string(),
        agent_api_version: "2.10".into(),
        provisioner_api_version: "1.11".into(),
        deployment_id: state.deployment_id.to_string(),
        ..BuildInfo::default()
    })
}

async fn ssh(State(state): State<AppState>, _user: User) -> Json<SshConfig> {
    Json(SshConfig {
        hostname_prefix: state.config.hostname_prefix.clone(),
        hostname_suffix: state.config.hostname_suffix.clone(),
        ssh_config_options: BTreeMap::new(),
    })
}

async fn config(State(state): State<AppState>, user: User) -> ApiResult<Json<Value>> {
    decide(&user, Action::Read, Object::Deployment).check()?;
    let config = json!({
        "access_url": state.access_url.to_string(),
        "http_address": state.config.listen.to_string(),
        "workspace_hostname_suffix": state.config.hostname_suffix,
        "config_ssh": {"deploymentname": state.config.hostname_prefix},
    });
    Ok(Json(json!({"config": config, "options": []})))
}

async fn stats(State(_state): State<AppState>, user: User) -> ApiResult<Json<Value>> {
    decide(&user, Action::Read, Object::Deployment).check()?;
    Ok(Json(json!({"workspaces": {}, "session_count": {}})))
}

async fn auth_check(user: User, Json(asked): Json<AuthChecks>) -> Json<BTreeMap<String, bool>> {
    Json(asked.checks.into_iter().map(|(name, check)| (name, is_allowed(&user, &check))).collect())
}

/// A check without an owner asks about anybody's: only who may do it to all may.
fn is_allowed(user: &User, check: &AuthCheck) -> bool {
    let action = match check.action.as_str() {
        "create" => Action::Create,
        "read" => Action::Read,
        "update" => Action::Update,
        "delete" => Action::Delete,
        "ssh" | "application_connect" => Action::Ssh,
        "start" | "stop" => Action::Run,
        _ => return user.is_owner,
    };
    let owner = match check.object.owner_id.as_str() {
        "me" => user.id,
        text => text.parse().unwrap_or_default(),
    };
    let object = match check.object.resource_type.as_str() {
        "workspace" => Object::Workspace { owner },
        "user" | "user_data" => Object::Account { id: owner },
        "api_key" => Object::Keys { owner },
        "template" => Object::Template,
        "organization" | "organization_member" => Object::Organization,
        _ => Object::Deployment,
    };
    decide(user, action, object) == Verdict::Allowed
}

async fn entitlements(_user: User) -> Json<Entitlements> {
    Json(Entitlements { refreshed_at: now(), ..Entitlements::default() })
}

async fn update_check() -> Json<UpdateCheck> {
    Json(UpdateCheck { current: true, version: crate::VERSION.into(), url: String::new() })
}

async fn regions(State(state): State<AppState>, _user: User) -> Json<Regions> {
    let region = Region {
        id: state.deployment_id,
        name: "primary".into(),
        display_name: "This server".into(),
        icon_url: String::new(),
        healthy: true,
        path_app_url: state.access_url.to_string(),
        wildcard_hostname: String::new(),
    };
    Json(Regions { regions: vec![region] })
}

async fn appearance() -> Json<Value> {
    Json(json!({
        "application_name": "Homeport", "logo_url": "", "docs_url": "",
        "service_banner": {"enabled": false}, "announcement_banners": [], "support_links": [],
    }))
}

async fn health(State(state): State<AppState>, user: User) -> ApiResult<Json<Value>> {
    decide(&user, Action::Read, Object::Deployment).check()?;
    let began = std::time::Instant::now();
    let database = state.store.read(|db| settings::get(db, "deployment_id")).await;
    let latency = began.elapsed();
    let well = || json!({"healthy": true, "severity": "ok", "warnings": [], "error": null, "dismissed": false});
    let mut database_report = well();
    database_report["reachable"] = database.is_ok().into();
    database_report["latency"] = format!("{latency:?}").into();
    database_report["latency_ms"] = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX).into();
    if database.is_err() {
        database_report["healthy"] = false.into();
        database_report["severity"] = "error".into();
        database_report["error"] = "EDB01: the database cannot be read".into();
    }
    let mut access_url = well();
    access_url["access_url"] = state.access_url.to_string().into();
    access_url["reachable"] = true.into();
    Ok(Json(json!({
        "time": now(), "healthy": database.is_ok(), "severity": if database.is_ok() { "ok" } else { "error" },
        "database": database_report, "access_url": access_url, "derp": well(), "websocket": well(),
        "workspace_proxy": well(), "provisioner_daemons": well(), "coder_version": crate::VERSION,
    })))
}
