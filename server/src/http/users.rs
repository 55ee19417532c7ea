//! Accounts, and organizations as an account sees them.

use axum::extract::State;
use proto::id::UserId;
use proto::rest::organization::Organization;
use proto::rest::user::{User as Account, UserList, UserLoginType, UserRoles};
use serde::Deserialize;

use super::body::{Json, Path, Query};
use super::error::ApiResult;
use super::routes::{Routes, get};
use crate::access::{Action, Object, User, decide};
use crate::state::AppState;
use crate::store::{organizations, users};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/users", get(list).post(super::accounts::create))
        .route("/api/v2/users/{user}", get(one).delete(super::accounts::remove))
        .route("/api/v2/users/{user}/login-type", get(login_type))
        .route("/api/v2/users/{user}/roles", get(roles))
        .route("/api/v2/users/{user}/organizations", get(users_organizations))
        .route("/api/v2/users/{user}/organizations/{organization}", get(users_organization))
        .route("/api/v2/organizations", get(all_organizations))
        .route("/api/v2/organizations/{organization}", get(one_organization))
}

/// The account that `{user}` in a path names, when `asker` may do `action` with what `object` makes of its id.
pub(super) async fn resolve(
    state: &AppState,
    asker: &User,
    word: &str,
    action: Action,
    object: fn(UserId) -> Object,
) -> ApiResult<Account> {
    let word = if word == "me" { asker.id.to_string() } else { word.to_owned() };
    let account = state.store.read(move |db| users::find(db, &word)).await?;
    decide(asker, action, object(account.id)).check()?;
    Ok(account)
}

const ACCOUNT: fn(UserId) -> Object = |id| Object::Account { id };

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    q: String,
    limit: usize,
    offset: usize,
}

async fn list(State(state): State<AppState>, user: User, Query(query): Query<ListQuery>) -> ApiResult<Json<UserList>> {
    let words = query.q.split_whitespace().map(|word| word.strip_prefix("search:").unwrap_or(word));
    let search = words.filter(|word| !word.contains(':')).collect::<Vec<_>>().join(" ");
    let all = state.store.read(move |db| users::list(db, &search)).await?;
    let visible = |account: &Account| decide(&user, Action::Read, ACCOUNT(account.id)).check().is_ok();
    let all: Vec<_> = all.into_iter().filter(visible).collect();
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let limit = if query.limit == 0 { usize::MAX } else { query.limit };
    Ok(Json(UserList { users: all.into_iter().skip(query.offset).take(limit).collect(), count }))
}

async fn one(State(state): State<AppState>, user: User, Path(word): Path<String>) -> ApiResult<Json<Account>> {
    resolve(&state, &user, &word, Action::Read, ACCOUNT).await.map(Json)
}

async fn login_type(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
) -> ApiResult<Json<UserLoginType>> {
    let account = resolve(&state, &user, &word, Action::Read, ACCOUNT).await?;
    Ok(Json(UserLoginType { login_type: account.login_type }))
}

async fn roles(State(state): State<AppState>, user: User, Path(word): Path<String>) -> ApiResult<Json<UserRoles>> {
    let account = resolve(&state, &user, &word, Action::Read, ACCOUNT).await?;
    let names = account.roles.into_iter().map(|role| role.name).collect();
    let organization_roles = account.organization_ids.iter().map(|id| (id.to_string(), Vec::new())).collect();
    Ok(Json(UserRoles { roles: names, organization_roles }))
}

async fn users_organizations(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
) -> ApiResult<Json<Vec<Organization>>> {
    let account = resolve(&state, &user, &word, Action::Read, ACCOUNT).await?;
    let all = state.store.read(organizations::all).await?;
    Ok(Json(all.into_iter().filter(|one| account.organization_ids.contains(&one.id)).collect()))
}

async fn users_organization(
    State(state): State<AppState>,
    user: User,
    Path((word, organization)): Path<(String, String)>,
) -> ApiResult<Json<Organization>> {
    resolve(&state, &user, &word, Action::Read, ACCOUNT).await?;
    Ok(Json(state.store.read(move |db| organizations::find(db, &organization)).await?))
}

async fn all_organizations(State(state): State<AppState>, user: User) -> ApiResult<Json<Vec<Organization>>> {
    decide(&user, Action::Read, Object::Organization).check()?;
    Ok(Json(state.store.read(organizations::all).await?))
}

async fn one_organization(
    State(state): State<AppState>,
    user: User,
    Path(word): Path<String>,
) -> ApiResult<Json<Organization>> {
    decide(&user, Action::Read, Object::Organization).check()?;
    Ok(Json(state.store.read(move |db| organizations::find(db, &word)).await?))
}
