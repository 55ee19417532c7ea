//! Workspaces: list, read, create.

use axum::extract::State;
use http::StatusCode;
use proto::id::{UserId, WorkspaceId};
use proto::rest::build::{BuildReason, Transition};
use proto::rest::workspace::{CreateWorkspace, Workspace, WorkspaceList};
use serde::Deserialize;
use uuid::Uuid;

use super::body::{Json, Path, Query};
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get, post};
use super::users::resolve;
use super::{name, search};
use crate::access::{Action, Object, User, decide};
use crate::builds::{self, Order};
use crate::state::AppState;
use crate::store::workspaces::NewWorkspace;
use crate::store::{StoreError, now, organizations, templates, workspaces};

/// Builds-and-all answers are large: a list shows at most this many.
const MAX_PAGE: usize = 1000;

const WORKSPACES: fn(UserId) -> Object = |owner| Object::Workspace { owner };

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/workspaces", get(list))
        .route("/api/v2/workspaces/{workspace}", get(one).patch(super::workspace_settings::rename))
        .route("/api/v2/users/{user}/workspace/{name}", get(by_name))
        .route("/api/v2/users/{user}/workspaces", post(create))
        .route("/api/v2/organizations/{organization}/members/{user}/workspaces", post(create_in))
}

/// Checks that `user` may do `action` with a workspace; returns its owner.
pub(super) async fn permitted(state: &AppState, user: &User, id: WorkspaceId, action: Action) -> ApiResult<UserId> {
    let owner = state.store.read(move |db| workspaces::owner(db, id, false)).await?;
    decide(user, action, WORKSPACES(owner)).check()?;
    Ok(owner)
}

/// The workspace, when `user` may read it.
pub(super) async fn readable(state: &AppState, user: &User, id: WorkspaceId) -> ApiResult<Workspace> {
    permitted(state, user, id, Action::Read).await?;
    load(state, user, id).await
}

/// The workspace, when `user` may read it, also after it was deleted: watchers must hear of that.
pub(super) async fn readable_or_deleted(state: &AppState, user: &User, id: WorkspaceId) -> ApiResult<Workspace> {
    let workspace = load(state, user, id).await?;
    decide(user, Action::Read, WORKSPACES(workspace.owner_id)).check()?;
    Ok(workspace)
}

async fn load(state: &AppState, user: &User, id: WorkspaceId) -> ApiResult<Workspace> {
    let workspace = state.store.read(move |db| workspaces::by_id(db, id, now())).await?;
    Ok(for_user(workspace, user))
}

/// A favourite is one for its owner only.
fn for_user(mut workspace: Workspace, user: &User) -> Workspace {
    workspace.favorite &= workspace.owner_id == user.id;
    workspace
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    q: String,
    limit: usize,
    offset: usize,
}

async fn list(
    State(state): State<AppState>,
    user: User,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<WorkspaceList>> {
    let filter = search::Filter::parse(&query.q)
        .map_err(|error| ApiError::bad_request("Invalid workspace search query.").with_field("q", error.to_string()))?;
    let owner = (!user.is_owner || filter.is_mine(&user.username)).then_some(user.id);
    let all = state.store.read(move |db| workspaces::list(db, owner, now())).await?;
    let visible = all.into_iter().filter(|workspace| {
        decide(&user, Action::Read, WORKSPACES(workspace.owner_id)).check().is_ok()
            && filter.matches(workspace, &user.username)
    });
    let found: Vec<Workspace> = visible.map(|workspace| for_user(workspace, &user)).collect();
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let limit = if query.limit == 0 { MAX_PAGE } else { query.limit.min(MAX_PAGE) };
    Ok(Json(WorkspaceList { workspaces: found.into_iter().skip(query.offset).take(limit).collect(), count }))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DeletedQuery {
    include_deleted: bool,
}

async fn one(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Query(query): Query<DeletedQuery>,
) -> ApiResult<Json<Workspace>> {
    let owner = state.store.read(move |db| workspaces::owner(db, id, true)).await?;
    decide(&user, Action::Read, WORKSPACES(owner)).check()?;
    if !query.include_deleted && state.store.read(move |db| workspaces::owner(db, id, false)).await.is_err() {
        // Who may see it learns that it is gone, by another word than "never was".
        return Err(ApiError::new(StatusCode::GONE, format!("Workspace {id} was deleted.")));
    }
    load(&state, &user, id).await.map(Json)
}

async fn by_name(
    State(state): State<AppState>,
    user: User,
    Path((word, name)): Path<(String, String)>,
    Query(query): Query<DeletedQuery>,
) -> ApiResult<Json<Workspace>> {
    let owner = resolve(&state, &user, &word, Action::Read, WORKSPACES).await?.id;
    let deleted = query.include_deleted;
    let found = state.store.read(move |db| workspaces::by_name(db, owner, &name, deleted, now())).await?;
    Ok(Json(for_user(found, &user)))
}

async fn create_in(
    state: State<AppState>,
    user: User,
    Path((organization, word)): Path<(String, String)>,
    body: Json<CreateWorkspace>,
) -> ApiResult<(StatusCode, Json<Workspace>)> {
    state.store.read(move |db| organizations::find(db, &organization)).await?;
    create(state, user, Path(word), body).await
}

async fn create(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
    Json(wanted): Json<CreateWorkspace>,
) -> ApiResult<(StatusCode, Json<Workspace>)> {
    let owner = resolve(&state, &user, &word, Action::Create, WORKSPACES).await?.id;
    if !name::is_good(&wanted.name) {
        return Err(ApiError::field("name", "Letters, digits and single dashes, at most 32."));
    }
    super::workspace_settings::check_schedule(wanted.autostart_schedule.as_deref())?;
    super::workspace_settings::check_ttl(wanted.ttl_ms)?;
    // All built-in templates but one run on this computer as the user of the server; there are no others yet.
    if !is_external(&state, &wanted).await? {
        decide(&user, Action::Create, Object::HostWorkspace { owner }).check().map_err(|error| {
            error.with_detail("Workspaces of this template run as the user of this server: its owner makes them.")
        })?;
    }
    let initiator = user.id;
    let write = state.store.write(move |db| {
        let no_template = |_| StoreError::Conflict("The template does not exist.".into());
        let (template, version) = match (wanted.template_id, wanted.template_version_id) {
            (Some(id), _) => {
                let template = templates::by_id(db, id).map_err(no_template)?;
                let version = template.active_version_id;
                (template, version)
            }
            (None, Some(version)) => {
                let of = templates::version(db, version).map_err(no_template)?.template_id;
                (templates::by_id(db, of.unwrap_or_default()).map_err(no_template)?, version)
            }
            (None, None) => return Err(StoreError::Conflict("A template is needed.".into())),
        };
        let id = WorkspaceId(Uuid::new_v4());
        let new = NewWorkspace {
            id,
            owner,
            organization: template.organization_id,
            template: template.id,
            name: wanted.name,
            autostart_schedule: wanted.autostart_schedule.filter(|schedule| !schedule.is_empty()),
            ttl_ms: wanted.ttl_ms,
            automatic_updates: wanted.automatic_updates.unwrap_or_default(),
        };
        workspaces::insert(db, &new, now())?;
        let order = Order {
            workspace: id,
            version,
            transition: Transition::Start,
            reason: BuildReason::Initiator,
            initiator: Some(initiator),
            parameters: wanted.rich_parameter_values,
        };
        Ok((id, builds::order(db, order)?))
    });
    let (id, build) = match write.await {
        Err(StoreError::Taken(_)) => {
            return Err(ApiError::conflict("A workspace with this name already exists.")
                .with_field("name", "This value is already in use and should be unique."));
        }
        Err(StoreError::Conflict(why)) => return Err(ApiError::field("template_id", why)),
        other => other?,
    };
    builds::announce_queued(&state, build, id, owner);
    Ok((StatusCode::CREATED, Json(load(&state, &user, id).await?)))
}

/// Whether a workspace is wanted that runs nothing here. A template that is not there is none.
async fn is_external(state: &AppState, wanted: &CreateWorkspace) -> ApiResult<bool> {
    let (template, version) = (wanted.template_id, wanted.template_version_id);
    let found = state.store.read(move |db| {
        let version = match (template, version) {
            (Some(id), _) => templates::by_id(db, id)?.active_version_id,
            (None, version) => version.unwrap_or_default(),
        };
        templates::version(db, version)
    });
    match found.await {
        Ok(version) => Ok(version.has_external_agent == Some(true)),
        Err(StoreError::NotFound) => Ok(false),
        Err(other) => Err(other.into()),
    }
}
