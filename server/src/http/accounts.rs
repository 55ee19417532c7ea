//! Changes to accounts: made, suspended, deleted by the owner; passwords changed by anybody for themselves.
//!
//! Whatever ends a right ends the connections that use it: each void key is told to all who listen.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, State};
use http::StatusCode;
use proto::id::UserId;
use proto::rest::Response;
use proto::rest::user::{CreateUser, LoginType, UpdatePassword, User as Account, UserStatus};
use proto::secret::Secret;
use uuid::Uuid;

use super::body::{Json, Path};
use super::error::{ApiError, ApiResult};
use super::name;
use super::routes::{Routes, put};
use super::users::resolve;
use crate::access::{Action, Object, User, decide};
use crate::password;
use crate::state::{AppState, Event};
use crate::store::users::NewUser;
use crate::store::{StoreError, now, organizations, users};

const ACCOUNT: fn(UserId) -> Object = |id| Object::Account { id };

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/users/{user}/password", put(change_password))
        .route("/api/v2/users/{user}/status/suspend", put(suspend))
        .route("/api/v2/users/{user}/status/activate", put(activate))
}

pub(super) async fn create(
    State(state): State<AppState>,
    user: User,
    Json(new): Json<CreateUser>,
) -> ApiResult<(StatusCode, Json<Account>)> {
    decide(&user, Action::Create, Object::Deployment).check()?;
    check_names(&new.username, &new.email)?;
    let password_hash = hash(new.password).await?;
    let id = UserId(Uuid::new_v4());
    let account = NewUser {
        id,
        username: new.username,
        email: new.email,
        name: new.name,
        password_hash,
        login_type: LoginType::Password,
        is_owner: false,
    };
    let write = state.store.write(move |db| {
        let organization = organizations::find(db, "default")?.id;
        users::insert(db, &account, organization, now())?;
        users::find(db, &id.to_string())
    });
    match write.await {
        Err(StoreError::Taken(_)) => Err(ApiError::conflict("User already exists.")
            .with_field("username", "This name or the address is already in use.")),
        other => Ok((StatusCode::CREATED, Json(other?))),
    }
}

/// Names as every account has them.
pub(super) fn check_names(username: &str, email: &str) -> ApiResult<()> {
    if !name::is_good(username) {
        return Err(ApiError::field("username", "Letters, digits and single dashes, at most 32."));
    }
    if !email.contains('@') || email.len() > 254 {
        return Err(ApiError::field("email", "An address with an @ is needed."));
    }
    Ok(())
}

/// Argon2id of a new password, where blocking is allowed.
pub(super) async fn hash(password: String) -> ApiResult<String> {
    let secret = Secret::new(password);
    let hashed = tokio::task::spawn_blocking(move || password::hash(&secret)).await;
    hashed
        .map_err(|_| ApiError::from(StoreError::Abandoned))?
        .map_err(|error| ApiError::field("password", error.to_string()))
}

pub(super) async fn remove(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
) -> ApiResult<Json<Response>> {
    let account = other(&state, &user, &word, Action::Delete).await?;
    let impossible = password::impossible().map_err(|_| ApiError::from(StoreError::Abandoned))?;
    let void = state.store.write(move |db| users::delete(db, account.id, &impossible, now())).await?;
    tell(&state, void);
    Ok(Json(Response::new("User has been deleted!")))
}

async fn suspend(state: State<AppState>, user: User, word: Path<String>) -> ApiResult<Json<Account>> {
    set_status(state, user, word, UserStatus::Suspended).await
}

async fn activate(state: State<AppState>, user: User, word: Path<String>) -> ApiResult<Json<Account>> {
    set_status(state, user, word, UserStatus::Active).await
}

async fn set_status(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
    status: UserStatus,
) -> ApiResult<Json<Account>> {
    let id = other(&state, &user, &word, Action::Delete).await?.id;
    let write = state.store.write(move |db| {
        let void = users::set_status(db, id, status, now())?;
        Ok((users::find(db, &id.to_string())?, void))
    });
    let (account, void) = write.await?;
    tell(&state, void);
    Ok(Json(account))
}

/// An account that is not the asker's own: nobody locks themselves out, and the deployment keeps an owner.
async fn other(state: &AppState, user: &User, word: &str, action: Action) -> ApiResult<Account> {
    let account = resolve(state, user, word, action, ACCOUNT).await?;
    if account.id == user.id {
        return Err(ApiError::bad_request("You cannot do this to your own account."));
    }
    Ok(account)
}

async fn change_password(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    user: User,
    Path(word): Path<String>,
    Json(wanted): Json<UpdatePassword>,
) -> ApiResult<StatusCode> {
    let account = resolve(&state, &user, &word, Action::Update, ACCOUNT).await?;
    let id = account.id;
    if id == user.id && !is_local(&state, &user).await? {
        if state.logins.wait(peer.ip(), &account.email, Instant::now()).is_some() {
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Too many wrong passwords. Please wait."));
        }
        let stored = state.store.read(move |db| users::hash_of(db, id)).await?;
        let old = Secret::new(wanted.old_password);
        let checked = tokio::task::spawn_blocking(move || password::verify(&old, Some(&stored))).await;
        if !checked.map_err(|_| ApiError::from(StoreError::Abandoned))? {
            state.logins.failed(peer.ip(), &account.email, Instant::now());
            return Err(ApiError::field("old_password", "The old password is wrong."));
        }
    }
    let hash = hash(wanted.password).await?;
    let kept = user.key_id;
    let void = state.store.write(move |db| users::set_password(db, id, &hash, &kept, now())).await?;
    tell(&state, void);
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the person at this computer asks by the local session: that account has no password to begin with.
async fn is_local(state: &AppState, user: &User) -> ApiResult<bool> {
    let local = state.store.read(|db| crate::store::settings::get(db, "local_key")).await?;
    Ok(local.is_some_and(|key| key == user.key_id))
}

fn tell(state: &AppState, void: Vec<String>) {
    for key in void {
        state.events.send(Event::KeyRevoked { key });
    }
}
