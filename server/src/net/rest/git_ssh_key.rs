//! The SSH key with which a user's workspaces reach git hosts: made at the first need, one per user.

use axum::extract::State;
use http::StatusCode;
use proto::id::UserId;
use proto::rest::Time;
use proto::rest::agent::AgentGitSshKey;
use serde::Serialize;

use super::super::openssh;
use crate::access::{Action, AgentIdentity, Object, User, decide};
use crate::http::body::{Json, Path};
use crate::http::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::store::git_ssh_keys::{self, GitSshKey, StoredKey};

/// What people see of a key: never its private half.
#[derive(Serialize)]
pub struct PublicKey {
    user_id: UserId,
    created_at: Time,
    updated_at: Time,
    public_key: String,
}

impl From<(UserId, StoredKey)> for PublicKey {
    fn from((user_id, stored): (UserId, StoredKey)) -> Self {
        let StoredKey { key, created_at, updated_at } = stored;
        Self { user_id, created_at, updated_at, public_key: key.public_key }
    }
}

/// Both halves, for the daemon of one of the user's workspaces.
pub async fn of_agent(State(state): State<AppState>, agent: AgentIdentity) -> ApiResult<Json<AgentGitSshKey>> {
    let GitSshKey { public_key, private_key } = get_or_make(&state, agent.owner_id).await?.key;
    Ok(Json(AgentGitSshKey { public_key, private_key }))
}

pub async fn of_user(
    State(state): State<AppState>,
    user: User,
    Path(name): Path<String>,
) -> ApiResult<Json<PublicKey>> {
    let id = own(&user, &name)?;
    Ok(Json((id, get_or_make(&state, id).await?).into()))
}

pub async fn regenerate(
    State(state): State<AppState>,
    user: User,
    Path(name): Path<String>,
) -> ApiResult<Json<PublicKey>> {
    let id = own(&user, &name)?;
    let fresh = make()?;
    Ok(Json((id, state.store.write(move |db| git_ssh_keys::replace(db, id, &fresh)).await?).into()))
}

/// The user's own id; the key of another is nobody's business.
fn own(user: &User, name: &str) -> ApiResult<UserId> {
    let is_self = name == "me" || name.eq_ignore_ascii_case(&user.username) || name == user.id.to_string();
    if !is_self {
        return Err(ApiError::not_found());
    }
    decide(user, Action::Read, Object::Keys { owner: user.id }).check()?;
    Ok(user.id)
}

async fn get_or_make(state: &AppState, user: UserId) -> ApiResult<StoredKey> {
    if let Some(stored) = state.store.read(move |db| git_ssh_keys::get(db, user)).await? {
        return Ok(stored);
    }
    let fresh = make()?;
    Ok(state.store.write(move |db| git_ssh_keys::keep(db, user, &fresh)).await?)
}

fn make() -> ApiResult<GitSshKey> {
    let no = || ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "A key could not be made.");
    let mut random = [0; 36];
    crate::token::fill(&mut random).map_err(|_| no())?;
    let pair = openssh::ed25519(&random).ok_or_else(no)?;
    Ok(GitSshKey { private_key: pair.private, public_key: pair.public })
}
