//! The loop with an outside that only notes, in virtual time.

use proto::id::BuildId;

use super::*;
use crate::action::Action;
use crate::event::Account;
use crate::row::Row;
use crate::row::tests::{failed, running, stopped};
use crate::state::tests::{NOW, account, listing, place};

#[derive(Default)]
struct Noted {
    views: Vec<(Duration, String)>,
    effects: Vec<String>,
    began: Option<Instant>,
    last: Option<Arc<View>>,
}

impl Port for Noted {
    fn show(&mut self, view: Arc<View>) {
        let began = *self.began.get_or_insert_with(Instant::now);
        self.views.push((began.elapsed(), view.headline.clone()));
        self.last = Some(view);
    }

    fn perform(&mut self, effect: Effect) {
        self.effects.push(format!("{effect:?}"));
    }

    fn now(&self) -> OffsetDateTime {
        NOW + self.began.map(|began| began.elapsed()).unwrap_or_default()
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings::default()
    }
}

fn quit() -> Event {
    Event::Asked(Action::Quit(Some(true)))
}

#[tokio::test(start_paused = true)]
async fn the_menu_is_drawn_when_something_changed_and_at_most_four_times_a_second() {
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted { began: Some(Instant::now()), ..Noted::default() }, State::default());
    let feeder = tokio::spawn(async move {
        let accounts: Vec<Account> = vec![account("dev", false)];
        events.send(Event::Accounts(accounts)).await.unwrap();
        for number in 0..200 {
            let row = if number % 2 == 0 { running("box") } else { stopped("box") };
            events.send(Event::Listed(place("dev"), listing(vec![row]))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Two seconds in which nothing changes.
        for _ in 0..20 {
            events.send(Event::Listed(place("dev"), listing(vec![stopped("box")]))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        events.send(quit()).await.unwrap();
    });
    run(&mut port, &mut heard, &mut state).await;
    feeder.await.unwrap();
    assert!((5..=10).contains(&port.views.len()), "{:?}", port.views);
    assert!(port.views.windows(2).all(|pair| pair[1].0 - pair[0].0 >= BETWEEN_VIEWS), "{:?}", port.views);
    assert!(port.views.last().unwrap().1.contains("0 of 1 workspace runs"), "the last state is shown");
}

#[tokio::test(start_paused = true)]
async fn effects_are_carried_out_in_order_and_the_end_is_the_end() {
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted::default(), State::default());
    for event in [Event::Asked(Action::Copy("one".into())), Event::Woke, quit(), Event::Woke] {
        events.send(event).await.unwrap();
    }
    run(&mut port, &mut heard, &mut state).await;
    assert_eq!(port.effects[..3], ["Copy(\"one\")", "WakeTunnel", "LookAgain"]);
    assert!(port.effects[3].starts_with("Save("), "{:?}", port.effects);
    assert_eq!(port.effects.len(), 4, "nothing behind the end");
}

#[tokio::test(start_paused = true)]
async fn a_sentence_about_trouble_goes_by_itself() {
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted { began: Some(Instant::now()), ..Noted::default() }, State::default());
    events.send(Event::Trouble("no clipboard".into())).await.unwrap();
    let ender = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        events.send(quit()).await.unwrap();
    });
    run(&mut port, &mut heard, &mut state).await;
    ender.await.unwrap();
    assert!(state.troubles.is_empty());
}

/// L9. Every update is a whole list, as deployments give it; each hundredth is a build that failed.
#[tokio::test(start_paused = true)]
async fn l9_a_thousand_rows_and_a_hundred_updates_a_second_for_a_minute() {
    const DEPLOYMENTS: usize = 10;
    const ROWS: usize = 100;
    const UPDATES: usize = 60 * 100;
    let host = |number: usize| format!("d{number}");
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted { began: Some(Instant::now()), ..Noted::default() }, State::default());
    let feeder = tokio::spawn(async move {
        let mut lists: Vec<Vec<Row>> =
            (0..DEPLOYMENTS).map(|of| (0..ROWS).map(|number| running(&format!("w{of}-{number}"))).collect()).collect();
        events.send(Event::Accounts((0..DEPLOYMENTS).map(|of| account(&host(of), false)).collect())).await.unwrap();
        let mut fullest = 0;
        for update in 1..=UPDATES {
            // Every second time round, what ran is stopped and the other way.
            let (of, number, round) = (update % DEPLOYMENTS, update / DEPLOYMENTS % ROWS, update / DEPLOYMENTS / ROWS);
            let name = format!("w{of}-{number}");
            let row = match (update % 100, round % 2) {
                (0, _) => failed(&name, "no space"),
                (_, 0) => stopped(&name),
                _ => running(&name),
            };
            lists[of][number] = Row { build: BuildId(uuid::Uuid::from_u128(update as u128)), ..row };
            events.send(Event::Listed(place(&host(of)), listing(lists[of].clone()))).await.unwrap();
            events.send(Event::Asked(Action::Copy(update.to_string()))).await.unwrap();
            fullest = fullest.max(events.max_capacity() - events.capacity());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A last change, and the time to see it.
        lists[0][0] = Row { is_favourite: true, ..stopped("the-last") };
        events.send(Event::Listed(place(&host(0)), listing(lists[0].clone()))).await.unwrap();
        tokio::time::sleep(2 * BETWEEN_VIEWS).await;
        events.send(quit()).await.unwrap();
        (lists, fullest)
    });
    run(&mut port, &mut heard, &mut state).await;
    let (lists, fullest) = feeder.await.unwrap();

    let views = &port.views;
    assert!(views.windows(2).all(|pair| pair[1].0 - pair[0].0 >= BETWEEN_VIEWS), "at most four a second");
    assert!((200..=245).contains(&views.len()), "and they go on: {}", views.len());
    let copies = port.effects.iter().filter(|effect| effect.starts_with("Copy"));
    let asked: Vec<String> = (1..=UPDATES).map(|update| format!("Copy(\"{update}\")")).collect();
    assert!(copies.eq(&asked), "no event is lost, and none overtakes another");
    let told = port.effects.iter().filter(|effect| effect.starts_with("Notify") && effect.contains("failed\"")).count();
    assert_eq!(told, UPDATES / 100, "each build that failed is told once");

    let usable = lists.iter().flatten().filter(|row| row.is_usable()).count();
    let (last, all) = (port.last.unwrap(), DEPLOYMENTS * ROWS);
    assert!(last.headline.ends_with(&format!("{usable} of {all} workspaces run")), "{}", last.headline);
    assert!(format!("{:?}", last.items).contains("★ the-last: stopped"), "the last state is shown");
    for (of, rows) in lists.iter().enumerate() {
        assert_eq!(&state.deployments[&place(&host(of))].listing.as_ref().unwrap().rows, rows);
    }
    assert!(fullest <= 10, "{fullest} events waited");
    let (kept, rows) = (format!("{state:?}").len(), format!("{lists:?}").len());
    assert!(state.troubles.is_empty() && kept < rows + rows / 10, "{kept} beside {rows}: something piles up");
}
