//! The same bodies in TypeScript, for the pages: what `ui/src/wire/rest.ts` and `menu.ts` must say. Not here: how they are
//! used there.
//!
//! `HOMEPORT_WRITE_TYPESCRIPT=1 cargo test --package proto typescript` writes the file after a body has changed.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use super::super::{agent, build, deployment, job, key, organization, template, template_version, user, workspace};

/// Declarations by name, of each body and of everything in it.
struct Declared {
    config: Config,
    seen: HashSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl TypeVisitor for Declared {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() || !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let text = format!("{docs}export {}\n", T::decl(&self.config));
        self.texts.insert(T::ident(&self.config), text);
        T::visit_dependencies(self);
    }
}

macro_rules! declare {
    ($($body:ty),* $(,)?) => {{
        let config = Config::new().with_large_int("number");
        let mut declared = Declared { config, seen: HashSet::new(), texts: BTreeMap::new() };
        $(declared.visit::<$body>();)*
        declared.texts
    }};
}

fn rest() -> String {
    let texts = declare![
        agent::AgentLog,
        agent::ListeningPorts,
        build::CreateBuild,
        build::Timings,
        deployment::AuthChecks,
        deployment::BuildInfo,
        deployment::Entitlements,
        deployment::Regions,
        deployment::SshConfig,
        deployment::UpdateCheck,
        job::JobLog,
        key::ApiKey,
        key::CreateToken,
        key::KeyCreated,
        key::Session,
        key::TokenConfig,
        organization::Organization,
        super::Response,
        template::RichParameter,
        template::Template,
        template_version::TemplateVersion,
        user::AuthMethods,
        user::CreateFirstUser,
        user::CreateUser,
        user::FirstUserCreated,
        user::GitSshKey,
        user::LoggedIn,
        user::Login,
        user::UpdatePassword,
        user::UserList,
        workspace::CreateWorkspace,
        workspace::ExtendWorkspace,
        workspace::UpdateAutomaticUpdates,
        workspace::UpdateAutostart,
        workspace::UpdateDormancy,
        workspace::UpdateTtl,
        workspace::UpdateWorkspace,
        workspace::WatchEvent,
        workspace::WorkspaceList,
        workspace::WorkspaceUsage,
    ];
    file("The bodies of the REST interface", &texts)
}

fn menu() -> String {
    file("The tray's menu in a window", &declare![crate::menu::FromTray, crate::menu::Click])
}

fn file(what: &str, texts: &BTreeMap<String, String>) -> String {
    let mut file =
        format!("// {what}. Written by a test of the crate `proto` from its Rust types; not edited by hand.\n",);
    for text in texts.values() {
        let _ = write!(file, "\n{text}");
    }
    file
}

#[test]
fn the_pages_have_these_types() {
    for (name, wanted) in [("rest.ts", rest()), ("menu.ts", menu())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/wire").join(name);
        if std::env::var_os("HOMEPORT_WRITE_TYPESCRIPT").is_some() {
            std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
            std::fs::write(&path, &wanted).expect("the file can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "ui/src/wire/{name} is out of date: run this test with HOMEPORT_WRITE_TYPESCRIPT=1");
    }
}
