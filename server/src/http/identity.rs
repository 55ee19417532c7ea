//! Who asks: turns the token of a request into [`User`] or [`AgentIdentity`], or into the one 401.

use std::time::Duration;

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, ORIGIN};
use http::request::Parts;
use proto::rest::{SESSION_COOKIE, SESSION_HEADER};
use proto::secret::Secret;
use subtle::ConstantTimeEq as _;

use super::error::ApiError;
use super::guard;
use super::upgrade::is_websocket;
use crate::access::{AgentIdentity, User};
use crate::lifetime;
use crate::state::AppState;
use crate::store::{agents, keys, now};
use crate::token;

/// `last_used` of a key is written at most this often: it is for people, not for rules.
const LAST_USED_EVERY: Duration = Duration::from_secs(60);

impl FromRequestParts<AppState> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let presented = presented(parts).ok_or_else(ApiError::unauthorized)?;
        let changes = !parts.method.is_safe() || is_websocket(&parts.headers);
        if presented.by_cookie && changes && !cookie_may_change(parts) {
            return Err(ApiError::forbidden().with_detail("The request does not come from a page of this server."));
        }
        let user = user(state, &presented.token).await?;
        tracing::Span::current().record("user", tracing::field::display(&user.username));
        Ok(user)
    }
}

impl FromRequestParts<AppState> for AgentIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // A browser never holds a daemon's token, so cookies do not count here.
        let presented = presented(parts).filter(|presented| !presented.by_cookie).ok_or_else(ApiError::unauthorized)?;
        let hash = token::agent_hash(presented.token.expose());
        let found = state.store.read(move |db| agents::by_token_hash(db, &hash)).await;
        match found {
            Ok((stored, agent)) if bool::from(stored.as_slice().ct_eq(&hash)) => Ok(agent),
            Ok(_) | Err(crate::store::StoreError::NotFound) => Err(ApiError::unauthorized()),
            Err(other) => Err(other.into()),
        }
    }
}

/// The person behind a session token. A session that is used lives on.
///
/// # Errors
/// 401 for every cause: malformed, unknown, wrong, expired, of a suspended account.
pub async fn user(state: &AppState, presented: &Secret) -> Result<User, ApiError> {
    let (id, hash) = token::split(presented.expose()).unwrap_or_default();
    let mut key = match state.store.read(move |db| keys::with_user(db, &id)).await {
        Ok(key) => key,
        // The comparison below happens either way: an unknown id takes the time of a wrong secret.
        Err(crate::store::StoreError::NotFound) => keys::KeyOfUser::nobody(),
        Err(other) => return Err(other.into()),
    };
    let right = bool::from(key.hash.ct_eq(&hash));
    let now = now();
    if !right || key.user.expires_at <= now || !key.active {
        return Err(ApiError::unauthorized());
    }
    let end = lifetime::extended(key.life, now);
    if end.is_some() || now.0 - key.last_used.0 > LAST_USED_EVERY {
        let (id, seen) = (key.user.key_id.clone(), key.life.ends);
        let write = state.store.write(move |db| {
            keys::touch(db, &id, now)?;
            end.map_or(Ok(false), |end| keys::extend(db, &id, seen, end, now))
        });
        match (write.await, end) {
            (Ok(true), Some(end)) => key.user.expires_at = end,
            (Ok(_), _) => {}
            // A full disk must not keep anybody from reading: the session ends when it would have ended.
            (Err(error), _) => tracing::warn!(%error, "the use of a key was not written"),
        }
    }
    Ok(key.user)
}

/// A token as it came.
struct Presented {
    token: Secret,
    by_cookie: bool,
}

/// Header first, then cookie, then `Authorization`. Never the query: URLs end up in logs.
fn presented(parts: &Parts) -> Option<Presented> {
    let by_header = parts.headers.get(SESSION_HEADER).and_then(|value| value.to_str().ok());
    if let Some(token) = by_header.filter(|token| !token.is_empty()) {
        return Some(Presented { token: Secret::new(token), by_cookie: false });
    }
    if let Some(token) = guard::cookie(&parts.headers, SESSION_COOKIE).filter(|token| !token.is_empty()) {
        return Some(Presented { token: Secret::new(token), by_cookie: true });
    }
    let bearer = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let token = bearer.strip_prefix("Bearer ").or_else(|| bearer.strip_prefix("bearer "))?;
    Some(Presented { token: Secret::new(token.trim()), by_cookie: false })
}

/// A request that changes something by a cookie must name a page of ours as its origin, or carry the token that only our
/// pages can read.
fn cookie_may_change(parts: &Parts) -> bool {
    if let Some(origin) = parts.headers.get(ORIGIN) {
        return guard::same_origin(origin, &parts.headers, &parts.uri);
    }
    let header = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
    match (header, guard::cookie(&parts.headers, "csrf_token")) {
        (Some(header), Some(cookie)) if !cookie.is_empty() => header.as_bytes().ct_eq(cookie.as_bytes()).into(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
