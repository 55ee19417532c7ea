//! The whole table: actor kind × object × action.

use proto::id::UserId;
use proto::rest::Time;
use proto::rest::key::KeyScope;
use uuid::Uuid;

use super::Action::{Create, Delete, Read, Run, Ssh, Update};
use super::Verdict::{Allowed, Forbidden, Hidden};
use super::{Action, Object, User, Verdict, decide};

const ME: UserId = UserId(Uuid::from_u128(1));
const OTHER: UserId = UserId(Uuid::from_u128(2));
const ACTIONS: [Action; 6] = [Create, Read, Update, Delete, Ssh, Run];

fn actor(is_owner: bool, scope: KeyScope) -> User {
    User { id: ME, username: "me".into(), is_owner, key_id: "k".into(), scope, expires_at: Time::ZERO }
}

fn check(actor: &User, object: Object, expect: [Verdict; 6]) {
    let found = ACTIONS.map(|action| decide(actor, action, object));
    assert_eq!(found, expect, "{object:?} by owner={} scope={}", actor.is_owner, actor.scope);
}

#[test]
fn a_member_has_its_own_things_and_sees_no_others() {
    let member = actor(false, KeyScope::All);
    check(&member, Object::Workspace { owner: ME }, [Allowed; 6]);
    check(&member, Object::Workspace { owner: OTHER }, [Hidden; 6]);
    check(&member, Object::HostWorkspace { owner: ME }, [Forbidden; 6]);
    check(&member, Object::HostWorkspace { owner: OTHER }, [Hidden; 6]);
    check(&member, Object::Keys { owner: ME }, [Allowed; 6]);
    check(&member, Object::Keys { owner: OTHER }, [Hidden; 6]);
    check(&member, Object::Account { id: ME }, [Forbidden, Allowed, Allowed, Forbidden, Forbidden, Forbidden]);
    check(&member, Object::Account { id: OTHER }, [Hidden; 6]);
    check(&member, Object::Template, [Forbidden, Allowed, Forbidden, Forbidden, Forbidden, Forbidden]);
    check(&member, Object::Organization, [Forbidden, Allowed, Forbidden, Forbidden, Forbidden, Forbidden]);
    check(&member, Object::Deployment, [Forbidden; 6]);
}

#[test]
fn the_owner_of_the_site_does_everything_but_enter_a_strangers_workspace() {
    let owner = actor(true, KeyScope::All);
    check(&owner, Object::Workspace { owner: ME }, [Allowed; 6]);
    check(&owner, Object::Workspace { owner: OTHER }, [Allowed, Allowed, Allowed, Allowed, Forbidden, Allowed]);
    for object in [Object::Keys { owner: OTHER }, Object::Account { id: OTHER }, Object::Template, Object::Deployment] {
        check(&owner, object, [Allowed; 6]);
    }
}

#[test]
fn a_key_for_applications_reads_its_own_account_and_nothing_else() {
    for is_owner in [false, true] {
        let app = actor(is_owner, KeyScope::ApplicationConnect);
        check(&app, Object::Account { id: ME }, [Hidden, Allowed, Hidden, Hidden, Hidden, Hidden]);
        for object in [
            Object::Workspace { owner: ME },
            Object::Keys { owner: ME },
            Object::Account { id: OTHER },
            Object::Template,
            Object::Organization,
            Object::Deployment,
        ] {
            check(&app, object, [Hidden; 6]);
        }
        assert_eq!(decide(&actor(is_owner, KeyScope::Unknown), Read, Object::Template), Hidden);
    }
}
