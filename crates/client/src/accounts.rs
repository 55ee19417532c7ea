//! Calls about people and their keys (spec `rest-api.md` 2).

use proto::rest::agent::AgentGitSshKey;
use proto::rest::key::{ApiKey, CreateToken, KeyCreated};
use proto::rest::sign_in::{HandOff, RedeemSignInCode, SignInCode};
use proto::rest::user::{CreateFirstUser, FirstUserCreated, GitSshKey, LoggedIn, Login, User};
use proto::secret::Secret;
use reqwest::Method;

use serde::Deserialize;

use crate::{ClientError, Deployment};

/// What a Git host asks for, as the deployment knows it (spec `agent-rpc.md` 8.1).
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct GitCredential {
    /// Where the person has to log in first; empty when there is a credential.
    pub url: String,
    /// Name for the Git host.
    pub username: String,
    /// Secret.
    pub password: String,
}

impl Deployment {
    /// Whether the deployment has its first account.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn has_first_user(&self) -> Result<bool, ClientError> {
        match self.get::<serde_json::Value>(&["users", "first"], &[]).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the owner of a fresh deployment.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn create_first_user(&self, user: &CreateFirstUser) -> Result<FirstUserCreated, ClientError> {
        self.send(Method::POST, &["users", "first"], user).await
    }

    /// Logs in with a password and returns the session token.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn log_in(&self, login: &Login) -> Result<Secret, ClientError> {
        let answer: LoggedIn = self.send(Method::POST, &["users", "login"], login).await?;
        Ok(Secret::new(answer.session_token))
    }

    /// Makes a code that signs one browser in, once. Only Homeport's own servers have them; others answer "not found".
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn sign_in_code(&self) -> Result<Secret, ClientError> {
        let made: SignInCode = self.send(Method::POST, &["homeport", "sign-in-codes"], &serde_json::json!({})).await?;
        Ok(Secret::new(made.code))
    }

    /// What the deployment offers to programs that send a person to the browser. Only Homeport's own servers answer.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn hand_off(&self) -> Result<HandOff, ClientError> {
        self.get(&["homeport", "hand-off"], &[]).await
    }

    /// Spends the code of a hand-off and returns the session token.
    ///
    /// # Errors
    /// [`ClientError`]; 401 when the code was spent, is too old, or was not made for this verifier.
    pub async fn redeem_code(&self, code: &Secret, verifier: &Secret) -> Result<Secret, ClientError> {
        let body = RedeemSignInCode { code: code.expose().to_owned(), verifier: verifier.expose().to_owned() };
        let answer: LoggedIn = self.send(Method::POST, &["homeport", "sign-in"], &body).await?;
        Ok(Secret::new(answer.session_token))
    }

    /// Ends the session of our token.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn log_out(&self) -> Result<(), ClientError> {
        self.order(Method::POST, &["users", "logout"]).await
    }

    /// An account by id, username or `me`.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn user(&self, user: &str) -> Result<User, ClientError> {
        self.get(&["users", user], &[]).await
    }

    /// A new session key of ours, for another program of this person.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn create_key(&self) -> Result<Secret, ClientError> {
        let answer: KeyCreated = self.send(Method::POST, &["users", "me", "keys"], &serde_json::json!({})).await?;
        Ok(Secret::new(answer.key))
    }

    /// A key of ours by its id, without its secret.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn key(&self, id: &str) -> Result<ApiKey, ClientError> {
        self.get(&["users", "me", "keys", id], &[]).await
    }

    /// Our long-lived tokens, without their secrets.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn tokens(&self, all_users: bool) -> Result<Vec<ApiKey>, ClientError> {
        let query: &[(&str, &str)] = if all_users { &[("include_all", "true")] } else { &[] };
        let tokens: Option<Vec<ApiKey>> = self.get(&["users", "me", "keys", "tokens"], query).await?;
        Ok(tokens.unwrap_or_default())
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn create_token(&self, token: &CreateToken) -> Result<Secret, ClientError> {
        let answer: KeyCreated = self.send(Method::POST, &["users", "me", "keys", "tokens"], token).await?;
        Ok(Secret::new(answer.key))
    }

    /// Removes a token or a key by its id.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn delete_key(&self, id: &str) -> Result<(), ClientError> {
        self.order(Method::DELETE, &["users", "me", "keys", id]).await
    }

    /// The public half of our Git key.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn git_ssh_key(&self) -> Result<GitSshKey, ClientError> {
        self.get(&["users", "me", "gitsshkey"], &[]).await
    }

    /// Both halves of the owner's Git key; only a workspace daemon's token may ask.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn agent_git_ssh_key(&self) -> Result<AgentGitSshKey, ClientError> {
        self.get(&["workspaceagents", "me", "gitsshkey"], &[]).await
    }

    /// The credential for a Git URL; only a workspace daemon's token may ask. `listen` waits for the person to log in.
    ///
    /// # Errors
    /// [`ClientError`]; 404 when the deployment knows no login for that host.
    pub async fn agent_git_credential(&self, git_url: &str, listen: bool) -> Result<GitCredential, ClientError> {
        let mut query = vec![("match", git_url)];
        if listen {
            query.push(("listen", "true"));
        }
        self.get(&["workspaceagents", "me", "external-auth"], &query).await
    }
}
