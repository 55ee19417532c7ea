//! Builds of workspaces: order, read, follow, cancel.

use axum::extract::State;
use axum::response::Response as HttpResponse;
use http::StatusCode;
use proto::id::{BuildId, WorkspaceId};
use proto::rest::Response;
use proto::rest::build::{Build, BuildParameter, BuildReason, CreateBuild, Timings, Transition};
use proto::rest::resource::Resource;
use serde::Deserialize;

use super::body::{Json, Path, Query};
use super::error::{ApiError, ApiResult};
use super::logs::{self, LogQuery};
use super::routes::{Routes, get, patch};
use super::upgrade::WebSocketUpgrade;
use super::users::resolve;
use super::workspaces::permitted;
use crate::access::{Action, Object, User, decide};
use crate::builds::{self as runner, Order};
use crate::state::AppState;
use crate::store::{StoreError, builds, now, templates, workspaces};

pub(super) fn routes() -> Routes {
    let build = "/api/v2/workspacebuilds/{build}";
    Routes::new()
        .route("/api/v2/workspaces/{workspace}/builds", get(list).post(create))
        .route("/api/v2/workspaces/{workspace}/timings", get(workspace_timings))
        .route("/api/v2/users/{user}/workspace/{name}/builds/{number}", get(by_number))
        .route(build, get(one))
        .route(&format!("{build}/cancel"), patch(cancel))
        .route(&format!("{build}/logs"), get(build_logs))
        .route(&format!("{build}/parameters"), get(parameters))
        .route(&format!("{build}/resources"), get(resources))
        .route(&format!("{build}/state"), get(terraform_state))
        .route(&format!("{build}/timings"), get(timings))
}

/// The build, when `user` may do `action` with its workspace. Builds of deleted workspaces can still be read.
async fn permitted_build(state: &AppState, user: &User, id: BuildId, action: Action) -> ApiResult<Build> {
    let build = state.store.read(move |db| builds::by_id(db, id, now())).await?;
    decide(user, action, Object::Workspace { owner: build.workspace_owner_id }).check()?;
    Ok(build)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Page {
    limit: i64,
    offset: i64,
}

async fn list(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Query(page): Query<Page>,
) -> ApiResult<Json<Vec<Build>>> {
    let owner = state.store.read(move |db| workspaces::owner(db, id, true)).await?;
    decide(&user, Action::Read, Object::Workspace { owner }).check()?;
    let limit = if page.limit <= 0 { 1000 } else { page.limit.min(1000) };
    Ok(Json(state.store.read(move |db| builds::of_workspace(db, id, limit, page.offset.max(0), now())).await?))
}

async fn create(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<CreateBuild>,
) -> ApiResult<(StatusCode, Json<Build>)> {
    let action = match wanted.transition {
        Transition::Delete => Action::Delete,
        Transition::Start | Transition::Stop => Action::Run,
        Transition::Unknown => return Err(ApiError::field("transition", "It must be start, stop or delete.")),
    };
    let owner = permitted(&state, &user, id, action).await?;
    if wanted.dry_run {
        return Err(ApiError::field("dry_run", "Builds of this kind cannot be tried."));
    }
    let initiator = user.id;
    let write = state.store.write(move |db| {
        let workspace = workspaces::by_id(db, id, now())?;
        let latest = workspace.latest_build.template_version_id;
        let version = wanted.template_version_id.unwrap_or(match wanted.transition {
            Transition::Start if workspace.template_require_active_version => workspace.template_active_version_id,
            _ => latest,
        });
        let of = templates::version(db, version)
            .map_err(|_| StoreError::Conflict("The template version does not exist.".into()))?;
        if of.template_id != Some(workspace.template_id) {
            return Err(StoreError::Conflict("The template version is one of another template.".into()));
        }
        let order = Order {
            workspace: id,
            version,
            transition: wanted.transition,
            reason: wanted.reason.unwrap_or(BuildReason::Initiator),
            initiator: Some(initiator),
            parameters: wanted.rich_parameter_values,
        };
        runner::order(db, order)
    });
    let build = match write.await {
        // Two orders at the same time: the database let one in.
        Err(StoreError::Taken(_)) => return Err(ApiError::conflict("A workspace build is already active.")),
        other => other?,
    };
    runner::announce_queued(&state, build, id, owner);
    Ok((StatusCode::CREATED, Json(state.store.read(move |db| builds::by_id(db, build, now())).await?)))
}

async fn by_number(
    State(state): State<AppState>,
    user: User,
    Path((word, name, number)): Path<(String, String, i32)>,
) -> ApiResult<Json<Build>> {
    let owner = resolve(&state, &user, &word, Action::Read, |owner| Object::Workspace { owner }).await?.id;
    let found = state.store.read(move |db| {
        let workspace = workspaces::by_name(db, owner, &name, true, now())?.id;
        builds::by_number(db, workspace, number, now())
    });
    Ok(Json(found.await?))
}

async fn one(State(state): State<AppState>, user: User, Path(id): Path<BuildId>) -> ApiResult<Json<Build>> {
    permitted_build(&state, &user, id, Action::Read).await.map(Json)
}

async fn cancel(State(state): State<AppState>, user: User, Path(id): Path<BuildId>) -> ApiResult<Json<Response>> {
    permitted_build(&state, &user, id, Action::Run).await?;
    match runner::cancel(&state, id).await {
        Err(StoreError::Conflict(why)) => Err(ApiError::bad_request("Job has already completed!").with_detail(why)),
        other => {
            other?;
            Ok(Json(Response::new("Job has been marked as canceled...")))
        }
    }
}

async fn build_logs(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<BuildId>,
    Query(query): Query<LogQuery>,
    socket: Result<WebSocketUpgrade, ApiError>,
) -> ApiResult<HttpResponse> {
    let job = permitted_build(&state, &user, id, Action::Read).await?.job.id;
    logs::answer(&state, &user, job, query, socket).await
}

async fn parameters(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<BuildId>,
) -> ApiResult<Json<Vec<BuildParameter>>> {
    permitted_build(&state, &user, id, Action::Read).await?;
    Ok(Json(state.store.read(move |db| builds::parameters(db, id)).await?))
}

async fn resources(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<BuildId>,
) -> ApiResult<Json<Vec<Resource>>> {
    Ok(Json(permitted_build(&state, &user, id, Action::Read).await?.resources))
}

/// The built-in templates keep no state beside the store.
async fn terraform_state(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<BuildId>,
) -> ApiResult<&'static str> {
    permitted_build(&state, &user, id, Action::Update).await?;
    Ok("")
}

async fn timings(State(state): State<AppState>, user: User, Path(id): Path<BuildId>) -> ApiResult<Json<Timings>> {
    let job = permitted_build(&state, &user, id, Action::Read).await?.job.id;
    let provisioner_timings = state.store.read(move |db| builds::timings(db, job)).await?;
    Ok(Json(Timings { provisioner_timings, ..Timings::default() }))
}

async fn workspace_timings(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
) -> ApiResult<Json<Timings>> {
    permitted(&state, &user, id, Action::Read).await?;
    let provisioner_timings = state.store.read(move |db| {
        let job = builds::latest(db, id, now())?.job.id;
        builds::timings(db, job)
    });
    Ok(Json(Timings { provisioner_timings: provisioner_timings.await?, ..Timings::default() }))
}
