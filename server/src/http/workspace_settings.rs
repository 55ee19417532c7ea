//! Settings of a workspace that need no build.

use axum::extract::State;
use http::StatusCode;
use proto::id::WorkspaceId;
use proto::rest::Response;
use proto::rest::workspace::{
    AutomaticUpdates, ExtendWorkspace, ResolveAutostart, UpdateAutomaticUpdates, UpdateAutostart, UpdateDormancy,
    UpdateTtl, UpdateWorkspace, Workspace,
};
use serde_json::{Value, json};

use super::body::{Json, Path};
use super::error::{ApiError, ApiResult};
use super::name;
use super::routes::{Routes, get, post, put};
use super::workspaces::{permitted, readable};
use crate::access::{Action, User};
use crate::builds::schedule::Schedule;
use crate::state::{AppState, Event};
use crate::store::workspaces::{self, Change};
use crate::store::{StoreError, now, schedules};

/// Shortest and longest time until a workspace stops by itself, as upstream.
const TTL_MS: std::ops::RangeInclusive<i64> = 60_000..=30 * 24 * 3_600_000;

pub(super) fn routes() -> Routes {
    let workspace = "/api/v2/workspaces/{workspace}";
    Routes::new()
        .route(&format!("{workspace}/autostart"), put(autostart))
        .route(&format!("{workspace}/ttl"), put(ttl))
        .route(&format!("{workspace}/extend"), put(extend))
        .route(&format!("{workspace}/autoupdates"), put(automatic_updates))
        .route(&format!("{workspace}/dormant"), put(dormant))
        .route(&format!("{workspace}/favorite"), put(favorite).delete(unfavorite))
        .route(&format!("{workspace}/usage"), post(usage))
        .route(&format!("{workspace}/resolve-autostart"), get(resolve_autostart))
        .route(&format!("{workspace}/port-share"), get(port_shares))
}

async fn change(state: &AppState, user: &User, id: WorkspaceId, change: Change) -> ApiResult<()> {
    let owner = permitted(state, user, id, Action::Update).await?;
    state.store.write(move |db| workspaces::change(db, id, change, now())).await?;
    state.builds.clock.notify_one();
    state.events.send(Event::Workspace { workspace: id, owner });
    Ok(())
}

pub(super) async fn rename(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<UpdateWorkspace>,
) -> ApiResult<StatusCode> {
    permitted(&state, &user, id, Action::Update).await?;
    if !name::is_good(&wanted.name) {
        return Err(ApiError::field("name", "Letters, digits and single dashes, at most 32."));
    }
    change(&state, &user, id, Change::Name(wanted.name)).await.map_err(|error| match error.status {
        StatusCode::CONFLICT => ApiError::conflict("A workspace with this name already exists.")
            .with_field("name", "This value is already in use and should be unique."),
        _ => error,
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn autostart(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<UpdateAutostart>,
) -> ApiResult<StatusCode> {
    check_schedule(wanted.schedule.as_deref())?;
    let schedule = wanted.schedule.filter(|schedule| !schedule.is_empty());
    change(&state, &user, id, Change::Autostart(schedule)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn check_schedule(schedule: Option<&str>) -> ApiResult<()> {
    let Some(schedule) = schedule.filter(|schedule| !schedule.is_empty()) else { return Ok(()) };
    schedule.parse::<Schedule>().map_err(|error| ApiError::field("schedule", error.to_string()))?;
    Ok(())
}

pub(super) fn check_ttl(ttl: Option<i64>) -> ApiResult<()> {
    match ttl {
        None | Some(0) => Ok(()),
        Some(ttl) if TTL_MS.contains(&ttl) => Ok(()),
        Some(_) => Err(ApiError::field("ttl_ms", "Between one minute and 30 days.")),
    }
}

async fn ttl(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<UpdateTtl>,
) -> ApiResult<StatusCode> {
    check_ttl(wanted.ttl_ms)?;
    let ttl = wanted.ttl_ms.filter(|ttl| *ttl > 0);
    if ttl.is_none() {
        // "Never" holds at once; another time holds from the next start, as upstream.
        permitted(&state, &user, id, Action::Update).await?;
        state.store.write(move |db| workspaces::set_deadline(db, id, None, now())).await?;
    }
    change(&state, &user, id, Change::Ttl(ttl)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn extend(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<ExtendWorkspace>,
) -> ApiResult<Json<Response>> {
    let owner = permitted(&state, &user, id, Action::Update).await?;
    let workspace = readable(&state, &user, id).await?;
    if workspace.latest_build.deadline.is_none() {
        return Err(ApiError::conflict("The workspace does not stop by itself; there is nothing to extend."));
    }
    if (wanted.deadline.0 - now().0).whole_minutes() < 30 {
        return Err(ApiError::field("deadline", "It must be at least 30 minutes from now."));
    }
    state.store.write(move |db| workspaces::set_deadline(db, id, Some(wanted.deadline), now())).await?;
    state.builds.clock.notify_one();
    state.events.send(Event::Workspace { workspace: id, owner });
    Ok(Json(Response::new(format!("Deadline updated to {}.", wanted.deadline))))
}

async fn automatic_updates(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<UpdateAutomaticUpdates>,
) -> ApiResult<StatusCode> {
    if wanted.automatic_updates == AutomaticUpdates::Unknown {
        return Err(ApiError::field("automatic_updates", "It must be always or never."));
    }
    change(&state, &user, id, Change::AutomaticUpdates(wanted.automatic_updates)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn dormant(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    Json(wanted): Json<UpdateDormancy>,
) -> ApiResult<Json<Workspace>> {
    change(&state, &user, id, Change::Dormant(wanted.dormant.then(now))).await?;
    readable(&state, &user, id).await.map(Json)
}

async fn favorite(State(state): State<AppState>, user: User, Path(id): Path<WorkspaceId>) -> ApiResult<StatusCode> {
    set_favorite(&state, &user, id, true).await
}

async fn unfavorite(State(state): State<AppState>, user: User, Path(id): Path<WorkspaceId>) -> ApiResult<StatusCode> {
    set_favorite(&state, &user, id, false).await
}

async fn set_favorite(state: &AppState, user: &User, id: WorkspaceId, favorite: bool) -> ApiResult<StatusCode> {
    if permitted(state, user, id, Action::Update).await? != user.id {
        return Err(ApiError::forbidden().with_detail("You can only favorite workspaces that you own."));
    }
    change(state, user, id, Change::Favorite(favorite)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn usage(State(state): State<AppState>, user: User, Path(id): Path<WorkspaceId>) -> ApiResult<StatusCode> {
    let owner = permitted(&state, &user, id, Action::Read).await?;
    match state.store.write(move |db| schedules::used(db, id, now())).await {
        Ok(moved) => {
            if moved {
                state.events.send(Event::Workspace { workspace: id, owner });
            }
            Ok(StatusCode::NO_CONTENT)
        }
        Err(StoreError::NotFound) => Err(ApiError::not_found()),
        Err(other) => Err(other.into()),
    }
}

async fn resolve_autostart(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
) -> ApiResult<Json<ResolveAutostart>> {
    permitted(&state, &user, id, Action::Read).await?;
    Ok(Json(ResolveAutostart::default()))
}

async fn port_shares(State(state): State<AppState>, user: User, Path(id): Path<WorkspaceId>) -> ApiResult<Json<Value>> {
    permitted(&state, &user, id, Action::Read).await?;
    Ok(Json(json!({"shares": []})))
}

#[cfg(test)]
mod tests;
