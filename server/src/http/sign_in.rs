//! Signing in and out, and the first account.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response as HttpResponse};
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};
use proto::id::UserId;
use proto::rest::key::KeyScope;
use proto::rest::user::{
    AuthMethod, AuthMethods, CreateFirstUser, FirstUserCreated, LoggedIn, Login, LoginType, UserStatus,
};
use proto::rest::{Response, SESSION_COOKIE, Time};
use proto::secret::Secret;
use uuid::Uuid;

use super::accounts;
use super::body::Json;
use super::cookie_path::{self, CookiePath};
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get, post};
use crate::access::User;
use crate::password;
use crate::state::{AppState, Event};
use crate::store::users::NewUser;
use crate::store::{StoreError, keys, now, users};
use crate::token::NewKey;

/// How long a session lasts after a sign-in.
pub(super) const SESSION: time::Duration = time::Duration::days(1);
/// How long one of a program lasts: nobody sits in front of it all day.
pub(super) const PROGRAM: time::Duration = time::Duration::days(7);

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/users/first", get(has_first).post(create_first))
        .route("/api/v2/users/login", post(login))
        .route("/api/v2/users/logout", post(logout))
        .route("/api/v2/users/authmethods", get(auth_methods))
}

async fn has_first(State(state): State<AppState>) -> ApiResult<Json<Response>> {
    match state.store.read(users::count).await? {
        0 => Err(ApiError::new(StatusCode::NOT_FOUND, "The initial user has not been created!")),
        _ => Ok(Json(Response::new("The initial user has already been created!"))),
    }
}

async fn create_first(
    State(state): State<AppState>,
    Json(new): Json<CreateFirstUser>,
) -> ApiResult<(StatusCode, Json<FirstUserCreated>)> {
    accounts::check_names(&new.username, &new.email)?;
    // Cheap refusal first; the write below checks again, in one step with the insert.
    if state.store.read(users::count).await? != 0 {
        return Err(ApiError::conflict("The initial user has already been created."));
    }
    let password_hash = accounts::hash(new.password).await?;
    let user = NewUser {
        id: UserId(Uuid::new_v4()),
        username: new.username,
        email: new.email,
        name: new.name,
        password_hash,
        login_type: LoginType::Password,
        is_owner: true,
    };
    let user_id = user.id;
    let organization_id = state.store.write(move |db| users::insert_first(db, &user, now())).await?;
    Ok((StatusCode::CREATED, Json(FirstUserCreated { user_id, organization_id })))
}

async fn login(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(login): Json<Login>,
) -> ApiResult<HttpResponse> {
    if let Some(wait) = state.logins.wait(peer.ip(), &login.email, Instant::now()) {
        return Ok(too_many(wait));
    }
    let email = login.email.clone();
    let found = match state.store.read(move |db| users::password_hash(db, &email)).await {
        Ok((id, hash, status)) => Some((id, hash)).filter(|_| status != UserStatus::Suspended),
        Err(StoreError::NotFound) => None,
        Err(other) => return Err(other.into()),
    };
    let secret = Secret::new(login.password);
    let checked = tokio::task::spawn_blocking(move || {
        let right = password::verify(&secret, found.as_ref().map(|(_, hash)| hash.as_str()));
        found.map(|(id, _)| id).filter(|_| right)
    });
    let Some(user) = checked.await.map_err(|_| ApiError::from(StoreError::Abandoned))? else {
        state.logins.failed(peer.ip(), &login.email, Instant::now());
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "Incorrect email or password."));
    };
    let token = new_session(&state, user, SESSION, None).await?;
    signed_in(&state, &token)
}

/// The answer that gives a session to who asks: in the body for programs, in the cookie for pages, with the path to which
/// it will be sent.
pub(super) fn signed_in(state: &AppState, token: &Secret) -> ApiResult<HttpResponse> {
    let path = CookiePath::draw().map_err(|_| ApiError::from(StoreError::Abandoned))?;
    let cookie = format!(
        "{SESSION_COOKIE}={}; Path={}; HttpOnly; SameSite=Lax{}",
        token.expose(),
        path.as_str(),
        if state.access_url.scheme() == "https" { "; Secure" } else { "" }
    );
    let body = Json(LoggedIn { session_token: token.expose().to_owned() });
    let mut response = (StatusCode::CREATED, body).into_response();
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, value);
    }
    if let Ok(value) = HeaderValue::from_str(path.as_str()) {
        response.headers_mut().insert(cookie_path::HEADER, value);
    }
    // One for every port of this host, as earlier versions gave, must not stay beside it.
    response.headers_mut().append(SET_COOKIE, gone("/"));
    Ok(response)
}

/// Takes a session's cookie away.
fn gone(path: &str) -> HeaderValue {
    let cookie = format!("{SESSION_COOKIE}=; Path={path}; HttpOnly; SameSite=Lax; Max-Age=0");
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}

/// The answer to one who guessed too often.
pub(super) fn too_many(wait: Duration) -> HttpResponse {
    let seconds = wait.as_secs() + 1;
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Too many failed sign-ins. Please wait.")
        .with_detail(format!("Try again in {seconds} seconds."));
    ([("retry-after", seconds.to_string())], error).into_response()
}

/// Another key, which a session must not outlive.
pub(super) struct Other {
    pub id: String,
    pub ends: Time,
}

/// Makes a session key without a name.
pub(super) async fn new_session(
    state: &AppState,
    user: UserId,
    lifetime: time::Duration,
    other: Option<Other>,
) -> ApiResult<Secret> {
    let drawn = NewKey::draw().map_err(|_| ApiError::from(StoreError::Abandoned))?;
    let now = now();
    let whole = Time(now.0 + lifetime);
    let key = keys::NewKey {
        id: drawn.id,
        hash: drawn.hash,
        user,
        login_type: LoginType::Password,
        scope: KeyScope::All,
        token_name: String::new(),
        lifetime_seconds: lifetime.whole_seconds(),
        expires_at: other.as_ref().map_or(whole, |other| whole.min(other.ends)),
        bound_to: other.map(|other| other.id),
    };
    state.store.write(move |db| keys::insert(db, &key, now)).await?;
    Ok(drawn.token)
}

async fn logout(
    State(state): State<AppState>,
    user: User,
    at: Option<Extension<CookiePath>>,
) -> ApiResult<HttpResponse> {
    let (id, key) = (user.id, user.key_id.clone());
    state.store.write(move |db| keys::delete(db, id, &key)).await?;
    state.events.send(Event::KeyRevoked { key: user.key_id });
    let mut response = Json(Response::new("Logged out!")).into_response();
    response.headers_mut().insert(SET_COOKIE, gone("/"));
    if let Some(Extension(path)) = at {
        response.headers_mut().append(SET_COOKIE, gone(path.as_str()));
    }
    Ok(response)
}

async fn auth_methods() -> Json<AuthMethods> {
    Json(AuthMethods { password: AuthMethod { enabled: true }, ..AuthMethods::default() })
}
