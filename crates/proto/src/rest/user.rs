//! Accounts and sign-in.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::word::words;
use super::{Time, null_default};
use crate::id::{OrganizationId, UserId};

words! {
    /// Whether an account may sign in.
    UserStatus { Active = "active", Dormant = "dormant", Suspended = "suspended" }
}

words! {
    /// How an account or a key came to be.
    LoginType { Password = "password", Token = "token", Github = "github", Oidc = "oidc", None = "none" }
}

/// An account. `{user}` in a path is its id, its username or `me`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub name: String,
    pub avatar_url: String,
    pub email: String,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_seen_at: Time,
    pub status: UserStatus,
    pub login_type: LoginType,
    #[serde(deserialize_with = "null_default")]
    pub organization_ids: Vec<OrganizationId>,
    /// Roles beyond member; `owner` may do everything.
    #[serde(deserialize_with = "null_default")]
    pub roles: Vec<Role>,
}

/// A named set of permissions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Role {
    pub name: String,
    pub display_name: String,
}

/// `GET users`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UserList {
    #[serde(deserialize_with = "null_default")]
    pub users: Vec<User>,
    pub count: i64,
}

/// `POST users/first`: makes the owner while there is no account.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct CreateFirstUser {
    pub email: String,
    pub username: String,
    pub name: String,
    /// Secret: never logged, which is why this type has no `Debug`.
    pub password: String,
    pub trial: bool,
}

/// `POST users`: an account made by the owner.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct CreateUser {
    pub email: String,
    pub username: String,
    pub name: String,
    /// Secret: never logged, which is why this type has no `Debug`.
    pub password: String,
}

/// `PUT users/{user}/password`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdatePassword {
    /// Secret. Needed for one's own account.
    pub old_password: String,
    /// Secret.
    pub password: String,
}

/// Answer of `POST users/first`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct FirstUserCreated {
    pub user_id: UserId,
    pub organization_id: OrganizationId,
}

/// `POST users/login`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Login {
    pub email: String,
    /// Secret: never logged.
    pub password: String,
}

/// Answer of `POST users/login`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct LoggedIn {
    /// Secret: `<10 characters id>-<22 characters secret>`.
    pub session_token: String,
}

/// `GET users/authmethods`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AuthMethods {
    pub terms_of_service_url: String,
    pub password: AuthMethod,
    pub github: GithubAuthMethod,
    pub oidc: OidcAuthMethod,
}

/// Whether a way to sign in is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AuthMethod {
    pub enabled: bool,
}

/// Sign-in by GitHub.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct GithubAuthMethod {
    pub enabled: bool,
    pub default_provider_configured: bool,
}

/// Sign-in by OpenID Connect. The names are not `snake_case` on the wire.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, rename_all = "camelCase")]
pub struct OidcAuthMethod {
    pub enabled: bool,
    pub sign_in_text: String,
    pub icon_url: String,
}

/// `GET users/{user}/login-type`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UserLoginType {
    pub login_type: LoginType,
}

/// `GET users/{user}/roles` and `PUT`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UserRoles {
    #[serde(deserialize_with = "null_default")]
    pub roles: Vec<String>,
    pub organization_roles: std::collections::BTreeMap<String, Vec<String>>,
}

/// `GET users/{user}/gitsshkey`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct GitSshKey {
    pub user_id: UserId,
    pub created_at: Time,
    pub updated_at: Time,
    pub public_key: String,
}
