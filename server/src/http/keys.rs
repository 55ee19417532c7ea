//! Session keys and named tokens of an account.

use axum::extract::State;
use http::StatusCode;
use proto::id::UserId;
use proto::rest::key::{ApiKey, CreateToken, KeyCreated, KeyScope, Session, TokenConfig};
use proto::rest::user::LoginType;

use super::body::{Json, Path};
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get, post};
use super::users::resolve;
use super::{name, sign_in};
use crate::access::{Action, Object, User, decide};
use crate::state::{AppState, Event};
use crate::store::{StoreError, keys, now};
use crate::token::NewKey;

/// Lifetime of a token that asks for none.
const DEFAULT_LIFETIME: time::Duration = time::Duration::days(30);
/// Longest lifetime: a hundred years, so that a time never leaves the calendar.
const MAX_LIFETIME: time::Duration = time::Duration::days(36_500);

const KEYS: fn(UserId) -> Object = |owner| Object::Keys { owner };

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/users/{user}/keys", post(create_session))
        .route("/api/v2/users/{user}/keys/tokens", get(list).post(create))
        .route("/api/v2/users/{user}/keys/tokens/tokenconfig", get(config))
        .route("/api/v2/users/{user}/keys/tokens/{name}", get(one))
        .route("/api/v2/users/{user}/keys/{id}", get(one).delete(delete))
        .route("/api/v2/homeport/sessions", get(sessions))
}

async fn create_session(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
) -> ApiResult<(StatusCode, Json<KeyCreated>)> {
    let account = resolve(&state, &user, &word, Action::Create, KEYS).await?;
    let token = sign_in::new_session(&state, account.id, sign_in::PROGRAM, None).await?;
    Ok((StatusCode::CREATED, Json(KeyCreated { key: token.expose().to_owned() })))
}

async fn create(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
    Json(wanted): Json<CreateToken>,
) -> ApiResult<(StatusCode, Json<KeyCreated>)> {
    let account = resolve(&state, &user, &word, Action::Create, KEYS).await?;
    let lifetime = match time::Duration::nanoseconds(wanted.lifetime) {
        none if none.is_zero() => DEFAULT_LIFETIME,
        wanted if wanted.is_negative() => return Err(ApiError::field("lifetime", "It must not be negative.")),
        wanted => wanted.min(MAX_LIFETIME),
    };
    if wanted.scope == KeyScope::Unknown {
        return Err(ApiError::field("scope", "It must be all or application_connect."));
    }
    let is_good = |name: &str| name.len() <= 64 && name.split('_').all(name::is_good);
    if !wanted.token_name.is_empty() && !is_good(&wanted.token_name) {
        return Err(ApiError::field("token_name", "Letters, digits, dashes and underscores."));
    }
    let drawn = NewKey::draw().map_err(|_| ApiError::from(StoreError::Abandoned))?;
    let now = now();
    let token_name = if wanted.token_name.is_empty() { drawn.id.clone() } else { wanted.token_name };
    let key = keys::NewKey {
        id: drawn.id,
        hash: drawn.hash,
        user: account.id,
        login_type: LoginType::Token,
        scope: wanted.scope,
        token_name,
        lifetime_seconds: lifetime.whole_seconds(),
        expires_at: (now.0 + lifetime).into(),
        bound_to: None,
    };
    match state.store.write(move |db| keys::insert(db, &key, now)).await {
        Err(StoreError::Taken(_)) => {
            Err(ApiError::conflict("A token with this name already exists.").with_field("token_name", "It is taken."))
        }
        other => {
            other?;
            Ok((StatusCode::CREATED, Json(KeyCreated { key: drawn.token.expose().to_owned() })))
        }
    }
}

async fn list(State(state): State<AppState>, user: User, Path(word): Path<String>) -> ApiResult<Json<Vec<ApiKey>>> {
    let account = resolve(&state, &user, &word, Action::Read, KEYS).await?;
    Ok(Json(state.store.read(move |db| keys::tokens(db, account.id)).await?))
}

/// Where the asking account is signed in. A session ends by `DELETE keys/{id}`.
async fn sessions(State(state): State<AppState>, user: User) -> ApiResult<Json<Vec<Session>>> {
    decide(&user, Action::Read, KEYS(user.id)).check()?;
    let all = state.store.read(move |db| keys::sessions(db, user.id, now())).await?;
    let session = |key: ApiKey| Session {
        is_current: key.id == user.key_id,
        id: key.id,
        created_at: key.created_at,
        last_used: key.last_used,
        expires_at: key.expires_at,
    };
    Ok(Json(all.into_iter().map(session).collect()))
}

async fn config(State(state): State<AppState>, user: User, Path(word): Path<String>) -> ApiResult<Json<TokenConfig>> {
    resolve(&state, &user, &word, Action::Read, KEYS).await?;
    let longest = i64::try_from(MAX_LIFETIME.whole_nanoseconds()).unwrap_or(i64::MAX);
    Ok(Json(TokenConfig { max_token_lifetime: longest }))
}

async fn one(
    State(state): State<AppState>,
    user: User,
    Path((word, key)): Path<(String, String)>,
) -> ApiResult<Json<ApiKey>> {
    let account = resolve(&state, &user, &word, Action::Read, KEYS).await?;
    Ok(Json(state.store.read(move |db| keys::one(db, account.id, &key)).await?))
}

async fn delete(
    State(state): State<AppState>,
    user: User,
    Path((word, key)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let account = resolve(&state, &user, &word, Action::Delete, KEYS).await?;
    let id = key.clone();
    state.store.write(move |db| keys::delete(db, account.id, &id)).await?;
    state.events.send(Event::KeyRevoked { key });
    Ok(StatusCode::NO_CONTENT)
}
