//! Keys that are used: whose end moves, how far, and whose does not.

use http::StatusCode;
use proto::rest::Time;
use proto::secret::Secret;
use serde_json::{Value, json};
use time::Duration;

use super::user;
use crate::net::fixture::{Person, World};
use crate::store::{keys, now, params};

const WEEK: Duration = Duration::days(7);

/// Between two looks at the clock in one test, at most.
const SLACK: Duration = Duration::minutes(10);

async fn is_let_in(world: &World, token: &str) -> bool {
    match user(&world.state, &Secret::new(token)).await {
        Ok(_) => true,
        Err(error) if error.status == StatusCode::UNAUTHORIZED => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Makes it a key of a week that has this much left.
async fn set(world: &World, token: &str, login_type: &'static str, left: Duration) -> Time {
    let (id, end) = (token[..10].to_owned(), Time(now().0 + left));
    world
        .rows(move |db| {
            let sql = "UPDATE api_keys SET login_type = ?2, lifetime_seconds = ?3, expires_at = ?4 WHERE id = ?1";
            Ok(db.execute(sql, params![id, login_type, WEEK.whole_seconds(), end.unix_micros()])?)
        })
        .await;
    end
}

/// When it ends, and when that was written.
async fn end_of(world: &World, token: &str) -> (Time, i64) {
    let id = token[..10].to_owned();
    let read = world.state.store.read(move |db| {
        let sql = "SELECT expires_at, updated_at FROM api_keys WHERE id = ?1";
        Ok(db.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?)
    });
    let (end, written): (i64, i64) = read.await.expect("a row");
    (Time::from_unix_micros(end), written)
}

fn is_about(end: Time, wanted: Duration) -> bool {
    let left = end.0 - now().0;
    left <= wanted && left > wanted - SLACK
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_used_lives_on_and_nothing_else_does() {
    let world = World::new().await;
    let names = ["used", "idle", "token", "over"];
    let [used, idle, token, over] = [
        world.person(names[0]).await,
        world.person(names[1]).await,
        world.person(names[2]).await,
        world.person(names[3]).await,
    ]
    .map(|person| person.token);
    set(&world, &used, "password", Duration::days(1)).await;
    let idle_end = set(&world, &idle, "password", Duration::days(1)).await;
    let token_end = set(&world, &token, "token", Duration::days(1)).await;
    let over_end = set(&world, &over, "password", -Duration::seconds(1)).await;

    assert!(is_let_in(&world, &used).await && is_let_in(&world, &token).await && !is_let_in(&world, &over).await);
    let first = end_of(&world, &used).await;
    assert!(is_about(first.0, WEEK), "{first:?}");
    assert_eq!(end_of(&world, &idle).await.0, idle_end, "nobody used it");
    assert_eq!(end_of(&world, &token).await.0, token_end, "it was asked for with this end");
    assert_eq!(end_of(&world, &over).await.0, over_end, "what is over stays over");
    // Within the hour nothing is written again.
    assert!(is_let_in(&world, &used).await);
    assert_eq!(end_of(&world, &used).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_uses_at_once_are_one_write_and_a_revoked_key_never_comes_back() {
    let world = World::new().await;
    let Person { user: account, token } = world.person("one").await;
    let seen = set(&world, &token, "password", Duration::days(1)).await;
    let (id, end, at) = (account.key_id.clone(), Time(seen.0 + WEEK), now());
    let moves = world.rows(move |db| {
        let mut all = Vec::new();
        for step in 0..3 {
            all.push(keys::extend(db, &id, seen, Time(end.0 + Duration::seconds(step)), at)?);
        }
        Ok(all)
    });
    assert_eq!(moves.await, [true, false, false]);
    assert_eq!(end_of(&world, &token).await.0, end);

    // The use was seen before the key was deleted, and is written after it.
    world.revoke(&account).await;
    let id = account.key_id.clone();
    assert!(!world.rows(move |db| keys::extend(db, &id, end, Time(end.0 + WEEK), at)).await);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM api_keys").await, 0);
    assert!(!is_let_in(&world, &token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_link_opened_never_outlives_the_key_that_made_the_link() {
    let world = World::new().await;
    let address = world.listen().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let post = async |path: &str, token: &str, body: Value| {
        let url = format!("http://{address}/api/v2/homeport/{path}");
        let answer = client.post(url).header("coder-session-token", token).json(&body).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let maker = world.person("maker").await;
    let token = maker.token.clone();
    // A maker with a fixed end, so that only the link's session could move.
    let ends = set(&world, &token, "token", Duration::hours(5)).await;
    let code = post("sign-in-codes", &token, json!({})).await["code"].clone();
    let opened = post("sign-in", "", json!({"code": code})).await["session_token"].as_str().expect("one").to_owned();
    assert_eq!(end_of(&world, &opened).await.0, ends, "it has a day at most, and five hours here");
    assert!(is_let_in(&world, &opened).await);
    assert_eq!(end_of(&world, &opened).await.0, ends);
    // And what that one opens is bound to it.
    let code = post("sign-in-codes", &opened, json!({})).await["code"].clone();
    let second = post("sign-in", "", json!({"code": code})).await["session_token"].as_str().expect("one").to_owned();
    assert!(is_let_in(&world, &second).await);
    assert_eq!(end_of(&world, &second).await.0, ends);

    // The maker lives on, and so may the session: by a day, its own lifetime.
    set(&world, &token, "password", Duration::hours(5)).await;
    assert!(is_let_in(&world, &token).await && is_let_in(&world, &opened).await);
    assert!(is_about(end_of(&world, &token).await.0, WEEK));
    assert!(is_about(end_of(&world, &opened).await.0, Duration::days(1)));

    // The maker is gone: the session keeps the end that it had.
    let ends = set(&world, &opened, "password", Duration::hours(5)).await;
    world.revoke(&maker.user).await;
    assert!(is_let_in(&world, &opened).await);
    assert_eq!(end_of(&world, &opened).await.0, ends);
}
