//! A server on a port of its own with a false daemon, and a client that speaks to it. For tests only.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use proto::id::{BuildId, UserId};
use proto::rest::build::Build;
use proto::rest::user::LoginType;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use server::Running;
use server::config::Config;
use server::store::users::NewUser;
use server::store::{daemons, now, organizations, users};
use tempfile::TempDir;

/// Nothing in these tests takes this long unless it hangs.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct House {
    pub folder: TempDir,
    pub server: Running,
    pub token: String,
    client: reqwest::Client,
}

/// A daemon that writes its pid and then waits to be ended.
pub const WAITS: &str = "#!/bin/sh\nexec sleep 600\n";

pub fn config(folder: &Path, daemon: &str) -> Config {
    let binary = folder.join("homeport");
    std::fs::write(&binary, daemon).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    Config {
        local_user: true,
        daemon_binary: Some(binary),
        make_data_dir: true,
        ..Config::for_tests(folder.join("data"))
    }
}

impl House {
    pub async fn new(daemon: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), daemon);
        Self::with(folder, config).await
    }

    pub async fn with(folder: TempDir, config: Config) -> Self {
        // A second test of the same process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = server::start(config).await.unwrap();
        let session = std::fs::read(folder.path().join("data/local-session.json")).unwrap_or_else(|_| b"{}".into());
        let session: Value = serde_json::from_slice(&session).unwrap();
        let token = session["token"].as_str().unwrap_or_default().to_owned();
        Self { folder, server, token, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.server.address))
    }

    pub async fn call_as(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.request(method, path).header("Coder-Session-Token", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        assert!(response.headers().contains_key("x-coder-build-version"), "{path}");
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call_as(&self.token, Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call_as(&self.token, Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call_as(&self.token, Method::PUT, path, Some(body)).await
    }

    /// Makes a workspace; returns its id and that of its first build.
    pub async fn create(&self, name: &str, template: &str) -> (String, BuildId) {
        let (_, template) = self.get(&format!("/api/v2/organizations/default/templates/{template}")).await;
        let body = serde_json::json!({"name": name, "template_id": template["id"]});
        let (status, workspace) = self.post("/api/v2/users/me/workspaces", body).await;
        assert_eq!(status, 201, "{workspace}");
        let build = workspace["latest_build"]["id"].as_str().unwrap().parse().unwrap();
        (workspace["id"].as_str().unwrap().to_owned(), build)
    }

    /// Orders a build and waits for its end.
    pub async fn build(&self, workspace: &str, transition: &str) -> Build {
        let body = serde_json::json!({"transition": transition});
        let (status, build) = self.post(&format!("/api/v2/workspaces/{workspace}/builds"), body).await;
        assert_eq!(status, 201, "{build}");
        self.ended(build["id"].as_str().unwrap().parse().unwrap()).await
    }

    /// Waits for the end of a build by the server's own events.
    pub async fn ended(&self, id: BuildId) -> Build {
        let path = format!("/api/v2/workspacebuilds/{id}");
        self.until(&path, |build: &Build| build.job.status.is_final()).await
    }

    /// Reads `path` after each event of the server until it is as wanted.
    pub async fn until<T: serde::de::DeserializeOwned>(&self, path: &str, is_wanted: impl Fn(&T) -> bool) -> T {
        let mut events = self.server.state.events.listen();
        let wait = async {
            loop {
                let found = serde_json::from_value(self.get(path).await.1).unwrap();
                if is_wanted(&found) {
                    return found;
                }
                events.recv().await.unwrap();
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("{path} does not become as wanted"))
    }

    /// The process that the store knows for a workspace.
    pub async fn process(&self, workspace: &str) -> Option<daemons::Pid> {
        let id = workspace.parse().unwrap();
        self.server.state.store.read(move |db| daemons::of(db, id)).await.ok()?.process
    }

    /// Makes an account with a session of its own; returns its token.
    pub async fn person(&self, name: &'static str) -> String {
        let drawn = server::token::NewKey::draw().unwrap();
        let token = drawn.token.expose().to_owned();
        let write = move |db: &server::store::Db| {
            let organization = organizations::find(db, "default")?.id;
            let id = UserId(uuid::Uuid::new_v4());
            let user = NewUser {
                id,
                username: name.into(),
                email: format!("{name}@example.com"),
                name: String::new(),
                password_hash: server::password::impossible().unwrap(),
                login_type: LoginType::Password,
                is_owner: false,
            };
            users::insert(db, &user, organization, now())?;
            let key = server::store::keys::NewKey {
                id: drawn.id,
                hash: drawn.hash,
                user: id,
                login_type: LoginType::Password,
                scope: proto::rest::key::KeyScope::All,
                token_name: String::new(),
                lifetime_seconds: 3600,
                expires_at: (now().0 + Duration::from_secs(3600)).into(),
                bound_to: None,
            };
            server::store::keys::insert(db, &key, now())
        };
        self.server.state.store.write(write).await.unwrap();
        token
    }
}
