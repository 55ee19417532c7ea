//! Templates and their versions: reading. The built-in ones ask no questions.

use axum::extract::State;
use axum::response::Response as HttpResponse;
use http::StatusCode;
use proto::id::{TemplateId, TemplateVersionId};
use proto::rest::job::JobStatus;
use proto::rest::resource::Resource;
use proto::rest::template::{RichParameter, Template};
use proto::rest::template_version::TemplateVersion;
use serde_json::{Value, json};

use super::body::{Json, Path, Query};
use super::error::{ApiError, ApiResult};
use super::logs::{self, LogQuery};
use super::routes::{Routes, get, post};
use super::upgrade::WebSocketUpgrade;
use crate::access::{Action, Object, User, decide};
use crate::state::AppState;
use crate::store::{now, organizations, resources, templates};

pub(super) fn routes() -> Routes {
    let version = "/api/v2/templateversions/{version}";
    Routes::new()
        .route("/api/v2/templates", get(all))
        .route("/api/v2/templates/examples", get(nothing))
        .route("/api/v2/templates/{template}", get(one))
        .route("/api/v2/templates/{template}/versions", get(versions))
        .route("/api/v2/templates/{template}/versions/{name}", get(version_by_name))
        .route("/api/v2/organizations/{organization}/templates", get(of_organization))
        .route("/api/v2/organizations/{organization}/templates/examples", get(nothing))
        .route("/api/v2/organizations/{organization}/templates/{name}", get(by_name))
        .route("/api/v2/organizations/{organization}/templates/{name}/versions/{version}", get(version_by_names))
        .route(version, get(version_by_id))
        .route(&format!("{version}/rich-parameters"), get(rich_parameters))
        .route(&format!("{version}/external-auth"), get(nothing_of_version))
        .route(&format!("{version}/variables"), get(nothing_of_version))
        .route(&format!("{version}/presets"), get(nothing_of_version))
        .route(&format!("{version}/resources"), get(version_resources))
        .route(&format!("{version}/logs"), get(version_logs))
        .route(&format!("{version}/dynamic-parameters/evaluate"), post(evaluate))
        .route(&format!("{version}/dry-run"), post(dry_run))
        .route(&format!("{version}/dry-run/{{job}}"), get(dry_run_job))
        .route(&format!("{version}/dry-run/{{job}}/logs"), get(dry_run_logs))
        .route(&format!("{version}/dry-run/{{job}}/resources"), get(dry_run_nothing))
}

fn may_read(user: &User) -> ApiResult<()> {
    decide(user, Action::Read, Object::Template).check()
}

async fn all(State(state): State<AppState>, user: User) -> ApiResult<Json<Vec<Template>>> {
    may_read(&user)?;
    Ok(Json(state.store.read(templates::all).await?))
}

async fn nothing(user: User) -> ApiResult<Json<Vec<Value>>> {
    may_read(&user)?;
    Ok(Json(Vec::new()))
}

async fn one(State(state): State<AppState>, user: User, Path(id): Path<TemplateId>) -> ApiResult<Json<Template>> {
    may_read(&user)?;
    Ok(Json(state.store.read(move |db| templates::by_id(db, id)).await?))
}

async fn of_organization(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
) -> ApiResult<Json<Vec<Template>>> {
    may_read(&user)?;
    let found = state.store.read(move |db| {
        let organization = organizations::find(db, &word)?.id;
        Ok((organization, templates::all(db)?))
    });
    let (organization, all) = found.await?;
    Ok(Json(all.into_iter().filter(|template| template.organization_id == organization).collect()))
}

async fn by_name(
    State(state): State<AppState>,
    user: User,
    Path((word, name)): Path<(String, String)>,
) -> ApiResult<Json<Template>> {
    may_read(&user)?;
    let found = state.store.read(move |db| {
        let organization = organizations::find(db, &word)?.id;
        templates::by_name(db, organization, &name)
    });
    Ok(Json(found.await?))
}

async fn versions(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateId>,
) -> ApiResult<Json<Vec<TemplateVersion>>> {
    may_read(&user)?;
    let found = state.store.read(move |db| {
        templates::by_id(db, id)?;
        templates::versions(db, id)
    });
    Ok(Json(found.await?))
}

fn named(all: Vec<TemplateVersion>, name: &str) -> ApiResult<Json<TemplateVersion>> {
    all.into_iter().find(|version| version.name == name).map(Json).ok_or_else(ApiError::not_found)
}

async fn version_by_name(
    State(state): State<AppState>,
    user: User,
    Path((id, name)): Path<(TemplateId, String)>,
) -> ApiResult<Json<TemplateVersion>> {
    may_read(&user)?;
    named(state.store.read(move |db| templates::versions(db, id)).await?, &name)
}

async fn version_by_names(
    State(state): State<AppState>,
    user: User,
    Path((word, template, name)): Path<(String, String, String)>,
) -> ApiResult<Json<TemplateVersion>> {
    may_read(&user)?;
    let all = state.store.read(move |db| {
        let organization = organizations::find(db, &word)?.id;
        templates::versions(db, templates::by_name(db, organization, &template)?.id)
    });
    named(all.await?, &name)
}

/// Every route below a version begins here: 404 unless it is there.
async fn version(state: &AppState, user: &User, id: TemplateVersionId) -> ApiResult<TemplateVersion> {
    may_read(user)?;
    Ok(state.store.read(move |db| templates::version(db, id)).await?)
}

async fn version_by_id(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
) -> ApiResult<Json<TemplateVersion>> {
    version(&state, &user, id).await.map(Json)
}

async fn rich_parameters(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
) -> ApiResult<Json<Vec<RichParameter>>> {
    version(&state, &user, id).await?;
    Ok(Json(Vec::new()))
}

async fn nothing_of_version(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
) -> ApiResult<Json<Vec<Value>>> {
    version(&state, &user, id).await?;
    Ok(Json(Vec::new()))
}

async fn version_resources(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
) -> ApiResult<Json<Vec<Resource>>> {
    let job = version(&state, &user, id).await?.job.id;
    Ok(Json(state.store.read(move |db| resources::of_job(db, job, now())).await?))
}

async fn version_logs(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
    Query(query): Query<LogQuery>,
    socket: Result<WebSocketUpgrade, ApiError>,
) -> ApiResult<HttpResponse> {
    let job = version(&state, &user, id).await?.job.id;
    logs::answer(&state, &user, job, query, socket).await
}

async fn evaluate(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
    Json(request): Json<Value>,
) -> ApiResult<Json<Value>> {
    version(&state, &user, id).await?;
    Ok(Json(json!({"id": request["id"], "diagnostics": [], "parameters": []})))
}

/// The built-in templates have nothing to try: a dry run has succeeded before it began.
async fn dry_run(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<TemplateVersionId>,
) -> ApiResult<(StatusCode, Json<proto::rest::job::Job>)> {
    let job = version(&state, &user, id).await?.job;
    Ok((StatusCode::CREATED, Json(proto::rest::job::Job { status: JobStatus::Succeeded, ..job })))
}

async fn dry_run_job(
    State(state): State<AppState>,
    user: User,
    Path((id, _job)): Path<(TemplateVersionId, uuid::Uuid)>,
) -> ApiResult<Json<proto::rest::job::Job>> {
    Ok(Json(version(&state, &user, id).await?.job))
}

async fn dry_run_logs(
    State(state): State<AppState>,
    user: User,
    Path((id, _job)): Path<(TemplateVersionId, uuid::Uuid)>,
    Query(query): Query<LogQuery>,
    socket: Result<WebSocketUpgrade, ApiError>,
) -> ApiResult<HttpResponse> {
    let job = version(&state, &user, id).await?.job.id;
    logs::answer(&state, &user, job, query, socket).await
}

async fn dry_run_nothing(
    State(state): State<AppState>,
    user: User,
    Path((id, _job)): Path<(TemplateVersionId, uuid::Uuid)>,
) -> ApiResult<Json<Vec<Value>>> {
    version(&state, &user, id).await?;
    Ok(Json(Vec::new()))
}
