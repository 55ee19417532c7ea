//! A server for tests: a store in a folder of its own, people, workspaces and daemons as rows, connections as pipes.

use std::net::SocketAddr;

use proto::agent::ApiVersion;
use proto::id::{AgentId, BuildId, JobId, PeerId, ResourceId, UserId, WorkspaceId};
use proto::rest::Time;
use proto::rest::key::KeyScope;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::coordinator::Access;
use super::{Net, agent_api, tailnet_api};
use crate::access::{AgentIdentity, User};
use crate::builds::Builds;
use crate::config::Config;
use crate::state::{AppState, Event, Shared};
use crate::store::{Db, Store, now, params};
use crate::token;

const PIPE: usize = 256 * 1024;

pub struct World {
    pub state: AppState,
    _folder: TempDir,
}

/// A person with a session token.
pub struct Person {
    pub user: User,
    pub token: String,
}

/// A daemon with its token.
pub struct Daemon {
    pub agent: AgentIdentity,
    pub token: String,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db")).unwrap();
        let state = AppState::new(Shared {
            config: Config::for_tests(folder.path().to_owned()),
            store,
            events: crate::state::Events::default(),
            access_url: "http://127.0.0.1:7080/".parse().unwrap(),
            daemon_url: "http://127.0.0.1:7080/".parse().unwrap(),
            deployment_id: Uuid::from_u128(1),
            stop: CancellationToken::new(),
            net: Net::new(),
            builds: Builds::default(),
            logins: crate::http::limit::Limits::default(),
            codes: crate::codes::Codes::default(),
            hashed: crate::http::downloads::Hashed::default(),
        });
        super::start(&state).await;
        let world = Self { state, _folder: folder };
        world
            .rows(|db| {
                let organization = Uuid::from_u128(10).to_string();
                let template = Uuid::from_u128(11).to_string();
                let version = Uuid::from_u128(12).to_string();
                let job = Uuid::from_u128(13).to_string();
                // The server may have made its own organization already; this one is only for the rows below.
                db.execute(
                    "INSERT INTO organizations (id, name, display_name, created_at, updated_at) VALUES (?1, 'test', '', 0, 0)",
                    [&organization],
                )?;
                db.execute(
                    "INSERT INTO jobs (id, organization_id, kind, status, created_at, updated_at)
                     VALUES (?1, ?2, 'template_version_import', 'succeeded', 0, 0)",
                    [&job, &organization],
                )?;
                db.execute(
                    "INSERT INTO templates (id, organization_id, name, provisioner, active_version_id, created_at, updated_at)
                     VALUES (?1, ?2, 'test', 'builtin', ?3, 0, 0)",
                    [&template, &organization, &version],
                )?;
                db.execute(
                    "INSERT INTO template_versions (id, template_id, organization_id, job_id, name, created_at, updated_at)
                     VALUES (?1, ?2, ?3, ?4, 'one', 0, 0)",
                    [&version, &template, &organization, &job],
                )?;
                Ok(())
            })
            .await;
        world
    }

    /// Writes rows.
    pub async fn rows<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Db) -> crate::store::Result<T> + Send + 'static,
    ) -> T {
        self.state.store.write(write).await.unwrap()
    }

    /// Reads one value.
    pub async fn value<T: rusqlite::types::FromSql + Send + 'static>(&self, sql: &'static str) -> T {
        self.state.store.read(move |db| Ok(db.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
    }

    pub async fn person(&self, name: &'static str) -> Person {
        let id = UserId(Uuid::new_v4());
        let key = token::NewKey::draw().unwrap();
        let expires_at = Time(now().0 + time::Duration::hours(1));
        let (key_id, hash) = (key.id.clone(), key.hash);
        self.rows(move |db| {
            db.execute(
                "INSERT INTO users (id, username, email, password_hash, created_at, updated_at, last_seen_at)
                 VALUES (?1, ?2, ?2, '', 0, 0, 0)",
                params![id.to_string(), name],
            )?;
            db.execute(
                "INSERT INTO api_keys (id, hash, user_id, login_type, lifetime_seconds, last_used, expires_at, created_at,
                 updated_at) VALUES (?1, ?2, ?3, 'password', 3600, ?4, ?5, 0, 0)",
                params![key_id, hash, id.to_string(), now().unix_micros(), expires_at.unix_micros()],
            )?;
            Ok(())
        })
        .await;
        let user =
            User { id, username: name.into(), is_owner: false, key_id: key.id, scope: KeyScope::All, expires_at };
        Person { user, token: key.token.expose().to_owned() }
    }

    /// A running workspace with one daemon, `main`.
    pub async fn workspace(&self, owner: &User, name: &'static str) -> Daemon {
        let workspace = WorkspaceId(Uuid::new_v4());
        let (build, job, resource) = (BuildId(Uuid::new_v4()), JobId(Uuid::new_v4()), ResourceId(Uuid::new_v4()));
        let agent = AgentId(Uuid::new_v4());
        let secret = token::agent_token().unwrap().expose().to_owned();
        let hash = token::agent_hash(&secret);
        let owner_id = owner.id;
        self.rows(move |db| {
            let (organization, template) = (Uuid::from_u128(10).to_string(), Uuid::from_u128(11).to_string());
            db.execute(
                "INSERT INTO workspaces (id, owner_id, organization_id, template_id, name, last_used_at, created_at,
                 updated_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
                params![workspace.to_string(), owner_id.to_string(), organization, template, name],
            )?;
            db.execute(
                "INSERT INTO jobs (id, organization_id, kind, status, created_at, updated_at)
                 VALUES (?1, ?2, 'workspace_build', 'succeeded', 0, 0)",
                params![job.to_string(), organization],
            )?;
            db.execute(
                "INSERT INTO builds (id, workspace_id, template_version_id, job_id, build_number, transition, reason, open,
                 created_at, updated_at) VALUES (?1, ?2, ?3, ?4, 1, 'start', 'initiator', 0, 0, 0)",
                params![build.to_string(), workspace.to_string(), Uuid::from_u128(12).to_string(), job.to_string()],
            )?;
            db.execute(
                "INSERT INTO resources (id, job_id, transition, kind, name, created_at)
                 VALUES (?1, ?2, 'start', 'process', 'process', 0)",
                params![resource.to_string(), job.to_string()],
            )?;
            db.execute(
                "INSERT INTO agents (id, resource_id, workspace_id, name, token_hash, architecture, operating_system,
                 created_at, updated_at) VALUES (?1, ?2, ?3, 'main', ?4, 'amd64', 'linux', ?5, ?5)",
                params![
                    agent.to_string(),
                    resource.to_string(),
                    workspace.to_string(),
                    hash,
                    now().unix_micros()
                ],
            )?;
            Ok(())
        })
        .await;
        let agent = AgentIdentity {
            id: agent,
            name: "main".into(),
            workspace_id: workspace,
            workspace_name: name.into(),
            owner_id: owner.id,
            owner_username: owner.username.clone(),
        };
        Daemon { agent, token: secret }
    }

    /// Connects a daemon over a pipe.
    pub fn connect_agent(&self, agent: &AgentIdentity) -> rpc::Client {
        let (near, far) = tokio::io::duplex(PIPE);
        let version = ApiVersion::new(2, 10);
        tokio::spawn(agent_api::serve(self.state.clone(), agent.clone(), version, true, far));
        rpc::Client::new(near)
    }

    /// Connects a client over a pipe.
    pub fn connect_client(&self, user: &User, peer: PeerId, access: Access) -> rpc::Client {
        let (near, far) = tokio::io::duplex(PIPE);
        tokio::spawn(tailnet_api::serve(self.state.clone(), user.clone(), peer, access, far));
        rpc::Client::new(near)
    }

    /// Voids a daemon's token, as a newer build does.
    pub async fn retire(&self, agent: AgentId) {
        self.rows(move |db| {
            db.execute("UPDATE agents SET retired = 1 WHERE id = ?1", [agent.to_string()])?;
            Ok(())
        })
        .await;
        self.state.events.send(Event::AgentRetired { agent });
    }

    /// Voids a person's key, as signing out does.
    pub async fn revoke(&self, user: &User) {
        let key = user.key_id.clone();
        let gone = key.clone();
        self.rows(move |db| {
            db.execute("DELETE FROM api_keys WHERE id = ?1", [gone])?;
            Ok(())
        })
        .await;
        self.state.events.send(Event::KeyRevoked { key });
    }

    /// Serves HTTP on a loopback port.
    pub async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = crate::http::router(&self.state).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    /// Resolves when an event for which `wanted` holds was seen on `events`.
    pub async fn wait_for(events: &mut tokio::sync::broadcast::Receiver<Event>, wanted: impl Fn(&Event) -> bool) {
        while !wanted(&events.recv().await.unwrap()) {}
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.state.stop.cancel();
    }
}
